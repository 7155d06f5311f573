"""What the author of a policy could change, by a backtest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatehouse.core.config.retrain import RetrainPolicy
from gatehouse.core.retraining.advice import advise, better_simple_way

POLICY = RetrainPolicy.model_validate(
    {"task": "classification", "min_batches_first_training": 2, "selection_metric": "log_loss", "triggers": {}}
)
TRAININGS = {"periodic": 4, "every batch": 20, "fixed window": 20, "rolling 9": 20}


def advice(metric: str = "log_loss", **means: float) -> str:
    """The sentence for these means."""
    return advise(metric, {name.replace("_", " "): value for name, value in means.items()}, TRAININGS, POLICY, 3)


def test_a_simpler_way_is_named_with_what_to_write() -> None:
    """By how much it is better, and the lines for `retrain.yaml`."""
    said = advice(policy=0.8, never=1.0, every_batch=0.7, fixed_window=0.6, periodic=0.75, oracle=0.5)
    assert said.startswith("A rolling window of 3 batches, trained before every batch, is 25 % better here")
    assert "`window: {kind: rolling, batches: 3}`" in said
    assert "`every_batches: 1`" in advice(policy=0.8, every_batch=0.6)
    assert "periodic schedule of 4 trainings" in advice(policy=0.8, periodic=0.6, every_batch=0.7)
    assert advice(policy=0.8, never=0.7).startswith("Never retraining")


def test_a_policy_that_nothing_simple_beats_is_left_alone() -> None:
    """Within one per cent is no reason to change anything, and the oracle, which nobody can follow, never is one."""
    assert advice(policy=0.8, every_batch=0.795, oracle=0.1).startswith("No simpler way")
    assert advice(policy=0.8) == advice(every_batch=0.8) == ""


@given(own=st.floats(0.01, 5), constant=st.floats(0.01, 5))
def test_champions_without_skill_are_said_to_be(own: float, constant: float) -> None:
    """Worse than always saying the mean is the first thing to say, with both numbers; otherwise it is not said."""
    told = advise("log_loss", {"policy": own, "never": own, "no skill": constant}, TRAININGS, POLICY, 3)
    assert ("worse than no skill" in told) == (own - constant > 0.01 * own)
    assert "worse than no skill" not in told or (f"{own:.4g}" in told and f"{constant:.4g}" in told)


@pytest.mark.parametrize(("metric", "better"), [("log_loss", 0.5), ("roc_auc", 0.9)])
def test_the_direction_is_the_metrics(metric: str, better: float) -> None:
    """Lower is better for a loss, higher for an area."""
    assert better_simple_way(metric, {"policy": 0.7, "never": better}) == "never"
    assert better_simple_way(metric, {"policy": better, "never": 0.7}) == ""


@given(
    st.dictionaries(
        st.sampled_from(["policy", "never", "every batch", "fixed window", "rolling 9", "periodic"]), st.floats()
    )
)
def test_no_saving_is_claimed_that_a_simpler_way_exceeds(means: dict[str, float]) -> None:
    """For any numbers, defined or not, a way is named only where it beats the policy."""
    best = better_simple_way("log_loss", means)
    assert not best or means[best] < means["policy"]
    assert bool(best) == (" better here" in advise("log_loss", means, TRAININGS, POLICY, 3))
