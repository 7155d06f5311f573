"""What a change costs: reweighted losses, mapped-back values, expected metrics."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatehouse.core.config.retrain import RetrainPolicy
from gatehouse.core.drift import impact
from gatehouse.core.profiling import profile_of
from gatehouse.core.statistics.metrics import evaluate

TASK = {"task": "classification", "min_batches_first_training": 3, "selection_metric": "roc_auc"}


def test_reweighting_is_exact_for_a_change_of_mix() -> None:
    """With the losses of each category known, another mix costs exactly the difference of the weighted means."""
    holdout = np.repeat(["a", "b"], [900, 100])
    losses = np.where(holdout == "a", 0.2, 1.0)
    reference = profile_of({"x": holdout}).columns["x"]
    known = impact.losses_of(reference, impact.cells_of(reference, holdout.tolist()), losses)
    batch = profile_of({"x": np.repeat(["a", "b"], [500, 500])}, like=profile_of({"x": holdout})).columns["x"]
    assert impact.impact_if_real(reference, reference, known) == pytest.approx(0)
    assert impact.impact_if_real(reference, batch, known) == pytest.approx(
        0.4 * 0.8, rel=0.35
    )  # means are drawn together


def test_the_cost_of_a_change_is_counted_from_the_usual_mix() -> None:
    """A batch as usual costs nothing however unlike the holdout it is, and another one what it differs from the usual."""
    holdout = np.repeat(["a", "b"], [900, 100])
    whole = profile_of({"x": holdout})
    cells = impact.cells_of(whole.columns["x"], holdout.tolist())
    known = impact.losses_of(whole.columns["x"], cells, np.where(holdout == "a", 0.2, 1.0))
    sunday, worse = (
        profile_of({"x": np.repeat(["a", "b"], mix)}, like=whole).columns["x"] for mix in ([50, 50], [10, 90])
    )
    assert impact.impact_if_real(whole.columns["x"], sunday, known, sunday) == pytest.approx(0)
    apart = impact.impact_if_real(whole.columns["x"], worse, known) - impact.impact_if_real(
        whole.columns["x"], sunday, known
    )
    assert impact.impact_if_real(whole.columns["x"], worse, known, sunday) == pytest.approx(apart)
    assert apart > 0.2


@given(st.integers(0, 1000), st.integers(2, 300))
def test_every_value_has_the_cell_that_its_profile_counts_it_in(seed: int, rows: int) -> None:
    """Cells of rows and counts of profiles agree, nulls, ties and infinities included."""
    random = np.random.default_rng(seed)
    values = np.round(random.normal(size=rows), int(random.integers(0, 4)))
    values[random.uniform(size=rows) < 0.1] = np.nan
    values[random.uniform(size=rows) < 0.05] = np.inf
    reference = profile_of({"x": np.round(random.normal(size=200), 1)})
    column, batch = reference.columns["x"], profile_of({"x": values}, like=reference).columns["x"]
    counted = np.bincount(impact.cells_of(column, values), minlength=11) / rows
    assert counted == pytest.approx(impact.shares_of(column, batch))


def test_mapping_back_restores_the_distribution_and_keeps_the_order() -> None:
    """A shifted and stretched column gets the reference's quantiles, the largest value the largest."""
    random = np.random.default_rng(0)
    reference, batch = pd.Series(random.normal(5, 2, 2000)), pd.Series(random.normal(9, 4, 1500))
    mapped = impact.map_to_reference(batch, reference, 0)
    assert mapped.mean() == pytest.approx(5, abs=0.1)
    assert mapped.std() == pytest.approx(2, abs=0.1)
    assert (mapped.iloc[np.argsort(batch.to_numpy())].diff().dropna() >= 0).all()


def test_mapping_back_restores_shares_and_nulls() -> None:
    """As many rows of each category, and as many nulls, as in the reference; what need not move stays."""
    random = np.random.default_rng(0)
    reference = pd.Series(random.choice(["a", "b", "c"], 2000, p=[0.6, 0.3, 0.1])).mask(random.uniform(size=2000) < 0.1)
    batch = pd.Series(random.choice(["a", "b", "z"], 2000, p=[0.2, 0.3, 0.5]))
    mapped = impact.map_to_reference(batch, reference, 0)
    shares = mapped.value_counts(normalize=True)
    assert shares["a"] == pytest.approx(0.6, abs=0.03)
    assert shares["c"] == pytest.approx(0.1, abs=0.03)
    assert "z" not in shares
    assert mapped.isna().mean() == pytest.approx(0.1, abs=0.03)
    assert (mapped[batch == "a"].dropna() == "a").mean() > 0.99


@pytest.mark.parametrize("metric", ["log_loss", "brier"])
def test_the_expected_metric_is_the_mean_over_labels_drawn_from_the_scores(metric: str) -> None:
    """Confidence-based estimation: what calibrated scores expect is what labels drawn from them give."""
    random = np.random.default_rng(1)
    scores = random.beta(2, 5, 4000)
    drawn = [evaluate(metric, (random.uniform(size=4000) < scores).astype(float), scores) for _ in range(30)]
    assert impact.expected(metric, scores, scores) == pytest.approx(float(np.mean(drawn)), abs=0.004)


def test_equal_scores_cost_nothing_and_wrong_ones_something() -> None:
    """A column that no score depends on costs nothing; one that moves scores costs the more, the farther it moves them."""
    right = np.linspace(0.1, 0.9, 50)
    costs = [
        impact.impact_if_faulty("classification", "log_loss", np.clip(right + moved, 0.01, 0.99), right)
        for moved in (0, 0.05, 0.2)
    ]
    assert costs[0] == pytest.approx(0)
    assert 0 < costs[1] < costs[2]
    assert impact.impact_if_faulty("regression", "mae", right + 0.2, right) == pytest.approx(0.2)


def test_the_metric_and_the_threshold_come_from_the_policy() -> None:
    """Decay's metric and margin where they can be a mean of losses, else log loss and .01, or what the policy says."""
    plain = RetrainPolicy.model_validate({**TASK, "triggers": {"drift": {}}})
    assert (impact.drift_metric(plain), impact.alarm_threshold(plain)) == ("log_loss", 0.01)
    decay = {"decay": {"metric": "brier", "margin": 0.03}, "drift": {}}
    told = RetrainPolicy.model_validate({**TASK, "triggers": decay})
    assert (impact.drift_metric(told), impact.alarm_threshold(told)) == ("brier", 0.03)
    own = RetrainPolicy.model_validate({**TASK, "triggers": {**decay, "drift": {"min_impact": 0.2}}})
    assert impact.alarm_threshold(own) == 0.2


def test_an_impact_is_as_bad_as_its_worse_estimate() -> None:
    """And unknown only when neither is known."""
    assert impact.DriftImpact("log_loss", -0.01, 0.04).worst == 0.04
    assert impact.DriftImpact("log_loss", 0.02, float("nan")).worst == 0.02
    assert np.isnan(impact.DriftImpact("log_loss", float("nan"), float("nan")).worst)
    assert "not known" in impact.DriftImpact("log_loss", 0.02, float("nan")).sentence
