"""What a retrain would give, and what follows from it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import numpy as np
import pytest

from gatehouse.core.audit.canonical_json import canonical
from gatehouse.core.config.retrain import RetrainPolicy, Window
from gatehouse.core.config.triggers import RefitReason, Triggers
from gatehouse.core.drift.alarms import Alarm
from gatehouse.core.retraining.policy import RetrainState, decide_retraining
from gatehouse.core.retraining.refit_check import (
    Gains,
    RefitFinding,
    RefitRecord,
    assess_refits,
    best_window,
    records_of_champion,
)
from gatehouse.core.retraining.reinstatement import reinstated_version
from gatehouse.core.types import Reason, Request, RequestState

ON = RefitReason()
RUNNING = RetrainState(champion=True, matured_batches=9, new_rows=1000, batches_since=4)
DECAY = Alarm("decay", "log_loss", "log loss .90", {"value": 0.9, "limit": 0.5})


def record(
    number: int, gains: Mapping[str, float], spread: float = 0.1, champion: int = 1, seed: int = 0
) -> RefitRecord:
    """A month in which each alternative gains so much on average, with days that differ."""
    random = np.random.default_rng([seed, number])
    days = {
        name: Gains((20,) * 30, tuple((20 * random.normal(mean, spread, 30)).tolist())) for name, mean in gains.items()
    }
    return RefitRecord(f"2024-{number:02}", champion, "log_loss", 0.6, 600, days)


def found(records: Sequence[RefitRecord]) -> list[str]:
    """The alternatives that are surely better."""
    return [each.alternative for each in assess_refits(records, ON) if each.found]


def test_a_gain_asks_with_its_numbers() -> None:
    """A refit that is better on each batch is found, told with gain, interval and batches; what is no better is not."""
    records = [record(number, {"expanding": 0.0, "rolling 6": 0.05}) for number in range(1, 4)]
    first, second = assess_refits(records, ON)
    assert (first.alternative, first.found, second.found) == ("rolling 6", True, False)
    assert first.low < 0.05 < first.high
    assert "a refit on the window `rolling 6` would be 0.0" in first.sentence
    assert "better on" in first.sentence
    assert first.chance <= 0.05


def test_a_gain_too_small_to_alert_asks_for_nothing() -> None:
    """However sure, a gain below `min_gain` of the loss is not worth a training."""
    records = [record(number, {"expanding": 0.004}, spread=0.001) for number in range(1, 4)]
    assert found(records) == []
    assert assess_refits(records, ON)[0].chance < 0.05


@pytest.mark.parametrize("mean", [0.0, -0.05])
def test_no_better_refit_is_seldom_found(mean: float) -> None:
    """Of fifty champions with twelve batches each, none of whose refits is better, few are ever told of one."""
    lives = [[record(number, dict.fromkeys("abcd", mean), seed=seed) for number in range(1, 13)] for seed in range(50)]
    assert sum(any(found(life[:end]) for end in (3, 6, 9, 12)) for life in lives) <= 4


def test_words_and_numbers_agree() -> None:
    """Better or worse, sure or not: the sentence says what the numbers say."""
    records = [record(1, {"expanding": -0.2, "rolling 2": 0.2, "version 1": 0.001})]
    for each in assess_refits(records, ON):
        assert ("better on" in each.sentence) == (each.gain > 0)
        assert ("not sure" in each.sentence) == (not each.found)


def test_a_record_survives_the_report() -> None:
    """What is read back from a report is what was written."""
    one = record(1, {"expanding": 0.1, "version 2": -0.3})
    assert RefitRecord.from_document(json.loads(canonical(one.to_document()))) == one


def test_a_champion_answers_for_its_own_time_of_service() -> None:
    """Records of before it was promoted, or of an earlier service that ended, say nothing about it now."""
    records = [
        record(number, {"expanding": 0.1}, champion=champion) for number, champion in enumerate((1, 2, 2, 1, 1), 1)
    ]
    assert [each.batch for each in records_of_champion(records, 1)] == ["2024-04", "2024-05"]
    assert records_of_champion(records, 3) == []


def test_the_window_is_what_predicted_the_newest_batches_best() -> None:
    """The newest three batches choose; an old advantage does not; without a record there is none."""
    old = [record(number, {"expanding": 0.5, "rolling 2": 0.0}, spread=0.01) for number in range(1, 4)]
    new = [record(number, {"expanding": 0.0, "rolling 2": 0.1}, spread=0.01) for number in range(4, 7)]
    assert best_window(old, ["expanding", "rolling 2"]) == "expanding"
    assert best_window([*old, *new], ["expanding", "rolling 2"]) == "rolling 2"
    assert best_window([], ["expanding"]) is None
    assert best_window(new, ["since_change"]) is None


def _policy(**reasons: object) -> RetrainPolicy:
    keys = {
        "task": "classification",
        "min_batches_first_training": 1,
        "selection_metric": "log_loss",
        "triggers": reasons,
    }
    return RetrainPolicy.model_validate(keys)


def _refit(alternative: str, newest: float, sure: bool = False) -> RefitFinding:
    return RefitFinding(
        alternative,
        newest,
        newest - 0.01,
        newest + 0.01,
        ("2024-01",),
        0.01,
        newest,
        newest + 0.01,
        sure,
        f"{alternative}!",
    )


def test_a_sure_refit_asks_for_a_training() -> None:
    """The refit with the largest sure gain opens a request; one that is not sure opens none."""
    decision = decide_retraining(_policy(), [[]], RUNNING, [_refit("rolling 2", 0.2, True), _refit("version 1", 0.1)])
    assert [(each.kind, each.numbers["alternative"]) for each in decision.asked] == [("refit", "rolling 2")]
    assert decide_retraining(_policy(), [[]], RUNNING, [_refit("rolling 2", 0.2)]).asked == ()


def test_the_best_of_all_is_a_former_champion_and_is_asked_back() -> None:
    """A former champion that gains more than every refit is reinstated. No cooldown or budget holds it back. What asks for a
    training waits for the next batch."""
    policy = _policy().model_copy(update={"cooldown_batches": 9})
    decision = decide_retraining(
        policy, [[DECAY]], RUNNING, [_refit("version 1", 0.3, True), _refit("rolling 2", 0.2, True)]
    )
    assert [(each.kind, each.numbers["version"]) for each in decision.asked] == [("reinstate", 1)]
    assert {each.reason.kind for each in decision.held_back} == {"refit", "decay"}
    assert all("reinstated first" in each.why for each in decision.held_back)


def test_an_alarm_needs_no_more_than_the_newest_batch_to_ask_a_former_champion_back() -> None:
    """While an alarm says what is lost, a former champion that repairs it on the newest batch is asked back before its gain is
    sure over the champion's life. One that repairs too little, or less than a refit, is not."""

    def asked(*refits: RefitFinding) -> list[str]:
        return [each.kind for each in decide_retraining(_policy(), [[DECAY]], RUNNING, refits).asked]

    assert asked(_refit("version 1", 0.3), _refit("expanding", 0.05)) == ["reinstate"]
    assert asked(_refit("version 1", 0.05), _refit("expanding", 0.02)) == []
    assert asked(_refit("version 1", 0.3), _refit("expanding", 0.35)) == ["decay"]


def test_a_person_who_names_a_window_makes_a_reinstatement_a_training() -> None:
    """The reason that opened the request decides, unless a person wants a window or estimators for it."""

    def request(*reasons: Reason) -> Request:
        return Request("r", "rides", RequestState.OPEN, datetime(2024, 1, 1, tzinfo=UTC), "watch", reasons)

    back, plain = Reason("reinstate", "better", {"version": 2}), Reason("decay", "worse", {})
    wish = Reason("person", "please", {"actor": "ann", "window": {"kind": "expanding"}})
    assert reinstated_version(request(back, plain)) == 2
    assert reinstated_version(request(plain, back)) is None
    assert reinstated_version(request(back, wish)) is None


def test_an_alarm_that_no_refit_repairs_waits_for_the_next_batch() -> None:
    """A training on rows of before the change would be blocked: the alarm asks once a refit wins a quarter of it back."""
    useless = decide_retraining(_policy(), [[DECAY]], RUNNING, [_refit("expanding", 0.05)])
    assert useless.asked == ()
    assert "no refit on earlier rows repairs it" in useless.held_back[0].why
    assert [
        each.kind for each in decide_retraining(_policy(), [[DECAY]], RUNNING, [_refit("expanding", 0.2)]).asked
    ] == ["decay"]
    assert [each.kind for each in decide_retraining(_policy(), [[DECAY]], RUNNING).asked] == ["decay"], (
        "nothing was measured"
    )


def test_no_cooldown_holds_back_the_follow_up() -> None:
    """What was held out can be learned from at once; other reasons rest."""
    policy = _policy().model_copy(update={"cooldown_batches": 2})
    state = RetrainState(True, 9, 1000, 1, unlearned=("2024-04",))
    decision = decide_retraining(policy, [[DECAY]], state)
    assert [each.kind for each in decision.asked] == ["follow_up"]
    assert [each.reason.kind for each in decision.held_back] == ["decay"]
    assert decide_retraining(policy, [[]], state, [_refit("expanding", -0.1)]).asked == (), "no refit would gain by it"


def test_the_check_is_on_unless_it_is_turned_off() -> None:
    """`refit: false` turns it off; the windows to compare double, or are the only window that a training has."""
    assert Triggers().refit == ON
    assert Triggers.model_validate({"refit": False}).refit is None
    assert Triggers.model_validate({"refit": True}).refit == ON
    assert [each.name for each in Window(kind="best").compared()] == [
        "expanding", "rolling 1", "rolling 2", "rolling 4", "rolling 8", "rolling 16", "rolling 32",
        "rolling 64", "since_change",
    ]  # fmt: skip
    assert [each.name for each in Window(kind="rolling", batches=4).compared()] == ["rolling 4"]


def test_no_cooldown_holds_back_a_sure_refit() -> None:
    """What is sure over a champion's life needs no cooldown: its chance of asking in vain is stated."""
    policy = _policy().model_copy(update={"cooldown_batches": 2})
    state = RetrainState(True, 9, 1000, 1)
    decision = decide_retraining(policy, [[DECAY]], state, [_refit("rolling 2", 0.3, True)])
    assert [each.kind for each in decision.asked] == ["refit"]
    assert [each.reason.kind for each in decision.held_back] == ["decay"]


def test_a_challenger_on_hold_is_waited_for() -> None:
    """While the next batches bring the rows that settle a HOLD, nothing asks: another challenger would take its place."""
    state = RetrainState(True, 9, 1000, 3, on_hold="version 2 is on HOLD")
    refits = [_refit("version 1", 0.4, True), _refit("rolling 2", 0.3, True)]
    decision = decide_retraining(_policy(), [[DECAY]], state, refits)
    assert decision.asked == ()
    assert {each.why for each in decision.held_back} == {"version 2 is on HOLD"}
    assert {each.reason.kind for each in decision.held_back} == {"reinstate", "refit", "decay"}
