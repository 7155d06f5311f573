"""Kinds of change, told apart from what was judged."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatehouse.core.drift import ColumnDrift
from gatehouse.core.drift.alarms import AlarmState
from gatehouse.core.drift.domain_classifier import JointDrift
from gatehouse.core.performance.change_kinds import ChangeKind, InputChanges, PerformanceChange, classify_changes
from gatehouse.core.performance.decay import DecayAssessment

WORSE = DecayAssessment(
    "decay", "log_loss", AlarmState.ALARM, "log loss .70, .50 on the holdout", 0.7, 0.68, 0.72, 0.52, 2000
)
OFF = replace(WORSE, kind="calibration", subject="gap", sentence="predicted .40, observed .55")


def column(name: str, state: AlarmState = AlarmState.ALARM, value: float = 0.3) -> ColumnDrift:
    """A judged column."""
    return ColumnDrift(
        name, state, 2000, 8000, "Jensen-Shannon distance", value, 0.1, "8 reference batches", effect="moved"
    )


def kinds(
    inputs: InputChanges, outcome: PerformanceChange | None = None
) -> list[tuple[ChangeKind, tuple[str, ...], bool]]:
    """What is found, in short."""
    return [(each.kind, each.columns, each.page) for each in classify_changes(inputs, outcome)]


def test_nothing_changed_is_no_finding() -> None:
    """Quiet columns and quiet quality give an empty list."""
    assert (
        kinds(
            InputChanges([column("a", AlarmState.QUIET)]), PerformanceChange((replace(WORSE, state=AlarmState.QUIET),))
        )
        == []
    )


def test_columns_that_go_together_are_one_cause() -> None:
    """Linked columns are one finding led by the one that moved farthest; the score's move follows from it."""
    moved = [column("a", value=0.2), column("b", value=0.4), column("c", AlarmState.CHANGED), column("gh_score")]
    found = classify_changes(InputChanges(moved, linked=frozenset({frozenset({"a", "b"})})), None)
    assert [(each.columns, each.page) for each in found] == [(("b", "a"), True), (("c",), False)]
    assert any(each.startswith("gh_score") for each in found[0].consequences)


def test_the_same_season_of_another_year_is_no_drift() -> None:
    """Seasonal columns are told as such and page nobody."""
    assert kinds(InputChanges([column("temp", AlarmState.CHANGED)], seasonal={"temp"})) == [
        (ChangeKind.SEASONAL, ("temp",), False)
    ]


def test_a_change_of_going_together_is_covariate_drift() -> None:
    """By itself it is a finding; below a column of its pair it is a consequence."""
    together = JointDrift(0.7, 0.55, 0.0001, "8 reference units", ("a", "b"), 0.7, -0.7)
    alone = InputChanges([column("a", AlarmState.QUIET)], together=together, together_pages=True)
    assert kinds(alone) == [(ChangeKind.COVARIATE, ("a", "b"), True)]
    (below,) = classify_changes(InputChanges([column("a")], together=together), None)
    assert together.sentence in below.consequences


def test_worse_than_the_scores_expect_is_concept_drift() -> None:
    """The same inputs mean something else."""
    outcome = PerformanceChange((WORSE,), realised=0.7, expected=0.5, margin=0.02)
    assert kinds(InputChanges([]), outcome) == [(ChangeKind.CONCEPT, (), True)]


def test_as_bad_as_the_scores_expect_is_a_consequence_of_the_inputs() -> None:
    """Harder rows: the covariate drift pages, and the fallen metric is below it."""
    outcome = PerformanceChange((WORSE,), realised=0.7, expected=0.695, margin=0.02)
    (found,) = classify_changes(InputChanges([column("a", AlarmState.CHANGED)]), outcome)
    assert (found.kind, found.page) == (ChangeKind.COVARIATE, True)
    assert WORSE.sentence in found.consequences


def test_scores_that_are_off_explain_nothing() -> None:
    """A calibration gap says that the scores are wrong on these rows, so they cannot explain a loss."""
    outcome = PerformanceChange((WORSE, OFF), realised=0.7, expected=0.695, margin=0.02)
    assert [kind for kind, *_ in kinds(InputChanges([column("a", AlarmState.CHANGED)]), outcome)] == [
        ChangeKind.COVARIATE,
        ChangeKind.CONCEPT,
    ]


def test_other_shares_of_the_same_classes_are_label_shift() -> None:
    """The label changed, each class is scored as before, and the loss is what the new shares give."""
    shifted = PerformanceChange(
        (WORSE,), 0.6, 0.5, 0.59, same_within_classes=True, label=column("gh_label"), margin=0.02
    )
    assert kinds(InputChanges([]), shifted) == [(ChangeKind.LABEL, ("gh_label",), True)]
    assert kinds(InputChanges([]), replace(shifted, same_within_classes=False))[0][0] is ChangeKind.CONCEPT
    assert kinds(InputChanges([]), replace(shifted, realised=0.8))[0][0] is ChangeKind.CONCEPT


def test_changed_labels_without_a_fallen_metric_page_nobody() -> None:
    """They are told; below the inputs that changed when there are any."""
    quiet = PerformanceChange((replace(WORSE, state=AlarmState.QUIET),), label=column("gh_label", AlarmState.CHANGED))
    assert kinds(InputChanges([]), quiet) == [(ChangeKind.LABEL, ("gh_label",), False)]
    assert kinds(InputChanges([column("a")]), quiet) == [(ChangeKind.COVARIATE, ("a",), True)]


POOR = PerformanceChange((WORSE,), realised=0.7, expected=0.5, margin=0.02, excess_then=0.19, excess_low=-0.01)


def test_scores_that_promised_too_much_from_the_start_are_poorly_calibrated() -> None:
    """The loss exceeds the expectation no more than on the holdout: its own kind, which pages nobody. Surely more is concept
    drift, and so is a gap that the holdout did not have."""
    assert kinds(InputChanges([]), POOR) == [(ChangeKind.POOR, (), False)]
    assert kinds(InputChanges([]), replace(POOR, excess_low=0.01)) == [(ChangeKind.CONCEPT, (), True)]
    gap = replace(OFF, value=-0.15, low=-0.2, high=-0.1)
    assert kinds(InputChanges([]), replace(POOR, judged=(WORSE, gap), gap_then=-0.14)) == [(ChangeKind.POOR, (), False)]
    assert kinds(InputChanges([]), replace(POOR, judged=(WORSE, gap), gap_then=0.0)) == [(ChangeKind.CONCEPT, (), True)]


def test_a_bad_champion_pages_however_its_scores_are_calibrated() -> None:
    """Worse than no skill is told as such, beside the poor calibration."""
    useless = replace(WORSE, kind="no_skill", sentence="worse than the base rate")
    found = kinds(InputChanges([]), replace(POOR, judged=(WORSE, useless)))
    assert found == [(ChangeKind.POOR, (), False), (ChangeKind.LEVEL, (), True)]


def test_harder_rows_without_a_changed_column_are_no_concept_drift() -> None:
    """The loss is what the scores expect on these rows: the scores moved, the meaning did not."""
    harder = replace(POOR, expected=0.695, excess_then=0.0, excess_low=-0.02)
    assert kinds(InputChanges([]), harder) == [(ChangeKind.COVARIATE, ("gh_score",), True)]


@pytest.mark.parametrize("now", [0.0, 0.1, 0.25])
@pytest.mark.parametrize("then", [-0.05, 0.0, 0.2])
@pytest.mark.parametrize("sure", [float("nan"), -0.05, 0.05])
def test_a_sentence_never_contradicts_its_numbers(now: float, then: float, sure: float) -> None:
    """Whatever the numbers: a change of meaning is said only where the loss exceeds the expectation by more than on the
    holdout, poor calibration only where it exceeds it by no more, and harder rows only where the scores expected it."""
    outcome = replace(POOR, expected=0.7 - now, excess_then=then, excess_low=sure)
    (found,) = classify_changes(InputChanges([]), outcome)
    more = sure > 0 if sure == sure else now - then > outcome.margin
    assert ("mean something else" in found.sentence) == (found.kind is ChangeKind.CONCEPT) == more
    assert ("promise too much" in found.sentence) == (found.kind is ChangeKind.POOR)
    assert found.kind is not ChangeKind.POOR or now > outcome.margin
    assert ("harder rows" in found.sentence) == (not more and now <= outcome.margin)
    assert f"beyond the expectation by {now:+.3f}, on the champion's holdout by {then:+.3f}" in found.sentence
    assert found.page == (found.kind is not ChangeKind.POOR)
