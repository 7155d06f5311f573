"""From alarms to reasons to a retrain request."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatehouse.core.config.retrain import RetrainPolicy
from gatehouse.core.config.triggers import DriftReason, Triggers
from gatehouse.core.drift.alarms import Alarm
from gatehouse.core.retraining.policy import RetrainDecision, RetrainState, decide_retraining
from gatehouse.settings import ROOT

DECAY = Alarm("decay", "log_loss", "log loss .575 on 2013-06, .520 on the holdout", {"value": 0.575})
IMPACT = {"impact": {"if_real": 0.03, "if_wrong": None}, "rows": 1000}
DRIFT = Alarm("drift", "temp", "mean 71.2 → 83.0", IMPACT)
OTHER = Alarm("drift", "wind", "mean 8 → 12", IMPACT)
HARMLESS = Alarm("drift", "noise", "mean 1 → 2")
RUNNING = RetrainState(champion=True, matured_batches=6, new_rows=28_000, batches_since=3)


def policy(**changes: object) -> RetrainPolicy:
    """A policy that counts every alarm at once, with some keys changed."""
    return RetrainPolicy.model_validate(
        {
            "task": "classification",
            "min_batches_first_training": 3,
            "selection_metric": "log_loss",
            "triggers": {},
            **changes,
        },
        strict=False,
    )


def kinds(weighed: RetrainDecision) -> tuple[list[str], list[str]]:
    """The kinds asked for and held back."""
    return [each.kind for each in weighed.asked], [each.reason.kind for each in weighed.held_back]


def test_an_alarm_in_the_newest_batch_is_a_reason_with_its_numbers() -> None:
    """An alarm becomes a reason that keeps its sentence and numbers."""
    (reason,) = decide_retraining(policy(), [[], [DECAY]], RUNNING).asked
    assert (reason.kind, reason.sentence) == ("decay", f"{DECAY.sentence} (in the newest batch)")
    assert reason.numbers == {"value": 0.575, "alarms": 1, "window": 1}


@pytest.mark.parametrize(
    ("history", "asked"),
    [
        ([[DECAY], [], [DECAY]], True),
        ([[], [], [DECAY]], False),
        ([[DECAY], [DECAY], []], False),
        ([[DECAY], [DECAY], [], [DECAY]], True),
        ([[DECAY], [DECAY], [], [], [DECAY]], False),
        ([[DECAY]], False),
        ([], False),
    ],
)
def test_debounce_needs_the_newest_and_n_of_the_last_m(history: list[list[Alarm]], asked: bool) -> None:
    """Two of the last three and the newest: neither a single alarm nor a past incident asks for a training."""
    standing = RetrainState(champion=True, matured_batches=9, new_rows=1, batches_since=9)
    weighed = decide_retraining(policy(debounce={"min_alarms": 2, "window": 3}), history, standing)
    assert bool(weighed.asked) is asked


def test_debounce_counts_one_column_not_any() -> None:
    """Alarms of different columns in different batches are not one lasting alarm."""
    drifting = policy(debounce={"min_alarms": 2, "window": 2}, triggers={"drift": {"trigger_retraining": True}})
    assert decide_retraining(drifting, [[OTHER], [DRIFT]], RUNNING) == RetrainDecision()
    assert [each.kind for each in decide_retraining(drifting, [[DRIFT], [OTHER, DRIFT]], RUNNING).asked] == ["drift"]


def test_alarms_before_the_last_training_do_not_count() -> None:
    """They were about another model: the debounce starts anew."""
    strict = policy(debounce={"min_alarms": 2, "window": 3})
    history = [[DECAY], [DECAY], [DECAY]]
    just_trained = RetrainState(champion=True, matured_batches=6, new_rows=1, batches_since=1)
    assert decide_retraining(strict, history, just_trained) == RetrainDecision()
    assert decide_retraining(strict, history, RUNNING).asked


@pytest.mark.parametrize(
    ("drift", "asked"), [(None, []), ({"trigger_retraining": False}, []), ({"trigger_retraining": True}, ["drift"])]
)
def test_drift_asks_only_when_the_policy_says_so(drift: dict[str, bool] | None, asked: list[str]) -> None:
    """`trigger_retraining: false` reports drift and asks for nothing."""
    assert kinds(decide_retraining(policy(triggers={"drift": drift}), [[DRIFT]], RUNNING)) == (asked, [])


@pytest.mark.parametrize(("since", "held"), [(1, True), (2, True), (3, False)])
def test_cooldown_holds_back_and_says_so(since: int, held: bool) -> None:
    """In the batches after a training no reason counts, but each is reported with why."""
    standing = RetrainState(champion=True, matured_batches=6, new_rows=1, batches_since=since)
    weighed = decide_retraining(policy(cooldown_batches=2), [[DECAY]], standing)
    assert kinds(weighed) == (([], ["decay"]) if held else (["decay"], []))
    if held:
        assert weighed.held_back[0].why == f"cooldown: batch {since} of 2 after the last training"


def test_a_spent_budget_holds_back_and_says_so() -> None:
    """At most so many trainings in so many batches; what would have been asked is reported."""
    standing = RetrainState(champion=True, matured_batches=6, new_rows=1, batches_since=3, trainings=2)
    limited = policy(budget={"trainings": 2, "batches": 6})
    (held,) = decide_retraining(limited, [[DECAY]], standing).held_back
    assert held.why == "budget: 2 of 2 trainings spent in the last 6 batches"
    assert decide_retraining(policy(budget={"trainings": 3, "batches": 6}), [[DECAY]], standing).asked


def test_nothing_new_to_learn_from_holds_back() -> None:
    """Without newly matured rows a training would give the same model again."""
    standing = RetrainState(champion=True, matured_batches=6, new_rows=0, batches_since=3)
    (held,) = decide_retraining(policy(), [[DECAY]], standing).held_back
    assert held.why.startswith("no rows have matured since the last training")


def test_schedule_and_volume_count_from_the_last_training() -> None:
    """Both are reasons once their number is reached, with the numbers in the sentence."""
    counting = policy(triggers={"every_batches": 3, "min_new_rows": 28_000})
    schedule, volume = decide_retraining(counting, [], RUNNING).asked
    assert schedule.sentence == "3 batches since the last training, one is due every 3"
    assert volume.sentence == "28,000 rows have matured since the last training, 28,000 are enough"
    assert (
        decide_retraining(policy(triggers={"every_batches": 4, "min_new_rows": 28_001}), [], RUNNING)
        == RetrainDecision()
    )


@pytest.mark.parametrize(("matured", "asked"), [(2, []), (3, ["first"]), (7, ["first"])])
def test_the_first_training_waits_for_enough_batches(matured: int, asked: list[str]) -> None:
    """Without a champion nothing but the first training is asked for, and not before `min_batches_first_training` batches."""
    standing = RetrainState(champion=False, matured_batches=matured, new_rows=9, batches_since=None)
    counting = policy(triggers={"every_batches": 1, "min_new_rows": 1})
    assert kinds(decide_retraining(counting, [[DECAY]], standing)) == (asked, [])


def test_the_first_training_needs_a_batch_to_train_on_and_those_held_out() -> None:
    """`min_batches_first_training: 1` cannot train and hold out on one batch: the request waits for the second."""
    early = policy(min_batches_first_training=1)
    assert not decide_retraining(
        early, [], RetrainState(champion=False, matured_batches=1, new_rows=9, batches_since=None)
    ).asked
    assert decide_retraining(
        early, [], RetrainState(champion=False, matured_batches=2, new_rows=9, batches_since=None)
    ).asked


def test_a_failed_first_training_is_tried_again_with_new_rows_only() -> None:
    """When the first training gave no champion, the next waits for newly matured rows: no storm of requests."""
    again = RetrainState(champion=False, matured_batches=4, new_rows=0, batches_since=1)
    assert kinds(decide_retraining(policy(), [], again)) == ([], ["first"])
    assert kinds(decide_retraining(policy(), [], RetrainState(False, 5, 900, 2))) == (["first"], [])


few = st.integers(0, 9)


@given(
    st.lists(st.lists(st.sampled_from([DECAY, DRIFT, OTHER, HARMLESS]), max_size=3), max_size=8),
    st.builds(RetrainState, st.booleans(), few, few, st.none() | st.integers(1, 9), st.integers(0, 3)),
    st.integers(0, 3),
)
def test_a_reason_is_asked_for_or_held_back_never_dropped(
    history: list[list[Alarm]], standing: RetrainState, cooldown: int
) -> None:
    """Cooldown and budget move reasons to those held back, all of them and with why, and change nothing else."""
    every = {"drift": {"trigger_retraining": True}, "every_batches": 2, "min_new_rows": 2}
    free = decide_retraining(policy(triggers=every), history, standing)
    bound = decide_retraining(
        policy(triggers=every, cooldown_batches=cooldown, budget={"trainings": 2, "batches": 5}), history, standing
    )
    assert [*free.asked, *(each.reason for each in free.held_back)] == [
        *bound.asked,
        *(each.reason for each in bound.held_back),
    ]
    assert not bound.asked or {each.reason.kind for each in bound.held_back} <= {"drift"}
    assert all(each.why for each in bound.held_back)


def test_a_drift_without_estimated_impact_asks_for_nothing() -> None:
    """A drift that costs nothing, or whose cost is unknown, is held back with why; one that costs asks."""
    drifting = policy(triggers={"drift": {"trigger_retraining": True}})
    found = decide_retraining(drifting, [[HARMLESS, DRIFT]], RUNNING)
    assert [reason.sentence.split(" (")[0] for reason in found.asked] == [DRIFT.sentence]
    assert [held.reason.sentence.split(" (")[0] for held in found.held_back] == [HARMLESS.sentence]
    assert "impact" in found.held_back[0].why


def test_with_costs_an_alarm_asks_only_when_training_pays() -> None:
    """Without the cost alarm decay waits with why; with it both ask; a drift is priced by its own impact."""
    cost = {"loss_value_per_1000_rows": 1000, "training": 50, "review": 20}
    careful = policy(triggers={"cost": cost, "drift": {"trigger_retraining": True}})
    pays = Alarm("cost", "log_loss", "staying stale costs 900", {"stale": 900.0})
    assert kinds(decide_retraining(careful, [[DECAY]], RUNNING)) == ([], ["decay"])
    assert kinds(decide_retraining(careful, [[DECAY, pays]], RUNNING)) == (["decay", "cost"], [])
    assert kinds(decide_retraining(careful, [[DRIFT]], RUNNING)) == (
        ["drift"],
        [],
    )  # .03 x 1,000 rows x 3 batches: 90 > 70
    dear = policy(triggers={"cost": {**cost, "training": 500}, "drift": {"trigger_retraining": True}})
    (held,) = decide_retraining(dear, [[DRIFT]], RUNNING).held_back
    assert all(number in held.why for number in ("90", "500", "20"))


def test_age_counts_from_what_the_last_training_looked_back_from() -> None:
    """Once the last training lies further back than allowed, its age is a reason; before that it is none."""
    old = policy(triggers={"max_age": "3 months"})
    since = datetime(2013, 1, 1, tzinfo=UTC)

    def at(month: int) -> RetrainState:
        return RetrainState(True, 6, 100, 3, as_of=datetime(2013, month, 1, tzinfo=UTC), last_training=since)

    assert kinds(decide_retraining(old, [[]], at(3))) == ([], [])
    assert kinds(decide_retraining(old, [[]], at(4))) == (["age"], [])


def test_what_was_held_out_of_an_alarms_training_is_followed_up() -> None:
    """Once the batch that alarmed can be learned from, one more training is asked for, where the policy wants it."""
    standing = RetrainState(True, 6, 28_000, 1, unlearned=("2013-04",))
    assert kinds(decide_retraining(policy(triggers={"follow_up": False}), [[]], standing)) == ([], [])
    (reason,) = decide_retraining(policy(), [[]], standing).asked
    assert reason.kind == "follow_up"
    assert "2013-04" in reason.sentence
    assert kinds(decide_retraining(policy(), [[]], RUNNING)) == ([], [])


def test_alarms_survive_the_watch_report() -> None:
    """An alarm read back from a report is the one that was written."""
    assert Alarm.from_document(DECAY.to_document()) == DECAY


@pytest.mark.parametrize("key", [*RetrainPolicy.model_fields, *Triggers.model_fields, *DriftReason.model_fields])
def test_every_key_of_retrain_yaml_is_documented(key: str) -> None:
    """docs/reference/retraining.md explains each key of retrain.yaml, of its triggers and of drift."""
    assert f"`{key}`" in (ROOT / "docs" / "reference" / "retraining.md").read_text(encoding="utf-8")
