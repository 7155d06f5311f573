"""Kinds of change, told apart from what was judged."""

from __future__ import annotations

from dataclasses import replace

from gatehouse.core.drift import ColumnDrift
from gatehouse.core.drift.alarms import State
from gatehouse.core.drift.domain_classifier import Together
from gatehouse.core.performance.change_kinds import Inputs, Kind, Outcome, findings
from gatehouse.core.performance.decay import Judged

WORSE = Judged("decay", "log_loss", State.ALARM, "log loss .70, .50 on the holdout", 0.7, 0.68, 0.72, 0.52, 2000)
OFF = replace(WORSE, kind="calibration", subject="gap", sentence="predicted .40, observed .55")


def column(name: str, state: State = State.ALARM, value: float = 0.3) -> ColumnDrift:
    """A judged column."""
    return ColumnDrift(
        name, state, 2000, 8000, "Jensen-Shannon distance", value, 0.1, "8 reference batches", effect="moved"
    )


def kinds(inputs: Inputs, outcome: Outcome | None = None) -> list[tuple[Kind, tuple[str, ...], bool]]:
    """What is found, in short."""
    return [(each.kind, each.columns, each.page) for each in findings(inputs, outcome)]


def test_nothing_changed_is_no_finding() -> None:
    """Quiet columns and quiet quality give an empty list."""
    assert kinds(Inputs([column("a", State.QUIET)]), Outcome((replace(WORSE, state=State.QUIET),))) == []


def test_columns_that_go_together_are_one_cause() -> None:
    """Linked columns are one finding led by the one that moved farthest; the score's move follows from it."""
    moved = [column("a", value=0.2), column("b", value=0.4), column("c", State.CHANGED), column("gh_score")]
    found = findings(Inputs(moved, linked=frozenset({frozenset({"a", "b"})})), None)
    assert [(each.columns, each.page) for each in found] == [(("b", "a"), True), (("c",), False)]
    assert any(each.startswith("gh_score") for each in found[0].consequences)


def test_the_same_season_of_another_year_is_no_drift() -> None:
    """Seasonal columns are told as such and page nobody."""
    assert kinds(Inputs([column("temp", State.CHANGED)], seasonal={"temp"})) == [(Kind.SEASONAL, ("temp",), False)]


def test_a_change_of_going_together_is_covariate_drift() -> None:
    """By itself it is a finding; below a column of its pair it is a consequence."""
    together = Together(0.7, 0.55, 0.0001, "8 reference units", ("a", "b"), 0.7, -0.7)
    alone = Inputs([column("a", State.QUIET)], together=together, together_pages=True)
    assert kinds(alone) == [(Kind.COVARIATE, ("a", "b"), True)]
    (below,) = findings(Inputs([column("a")], together=together), None)
    assert together.sentence in below.consequences


def test_worse_than_the_scores_expect_is_concept_drift() -> None:
    """The same inputs mean something else."""
    outcome = Outcome((WORSE,), realised=0.7, expected=0.5, margin=0.02)
    assert kinds(Inputs([]), outcome) == [(Kind.CONCEPT, (), True)]


def test_as_bad_as_the_scores_expect_is_a_consequence_of_the_inputs() -> None:
    """Harder rows: the covariate drift pages, and the fallen metric is below it."""
    outcome = Outcome((WORSE,), realised=0.7, expected=0.695, margin=0.02)
    (found,) = findings(Inputs([column("a", State.CHANGED)]), outcome)
    assert (found.kind, found.page) == (Kind.COVARIATE, True)
    assert WORSE.sentence in found.consequences


def test_scores_that_are_off_explain_nothing() -> None:
    """A calibration gap says that the scores are wrong on these rows, so they cannot explain a loss."""
    outcome = Outcome((WORSE, OFF), realised=0.7, expected=0.695, margin=0.02)
    assert [kind for kind, *_ in kinds(Inputs([column("a", State.CHANGED)]), outcome)] == [Kind.COVARIATE, Kind.CONCEPT]


def test_other_shares_of_the_same_classes_are_label_shift() -> None:
    """The label changed, each class is scored as before, and the loss is what the new shares give."""
    shifted = Outcome((WORSE,), 0.6, 0.5, 0.59, same_within_classes=True, label=column("gh_label"), margin=0.02)
    assert kinds(Inputs([]), shifted) == [(Kind.LABEL, ("gh_label",), True)]
    assert kinds(Inputs([]), replace(shifted, same_within_classes=False))[0][0] is Kind.CONCEPT
    assert kinds(Inputs([]), replace(shifted, realised=0.8))[0][0] is Kind.CONCEPT


def test_changed_labels_without_a_fallen_metric_page_nobody() -> None:
    """They are told; below the inputs that changed when there are any."""
    quiet = Outcome((replace(WORSE, state=State.QUIET),), label=column("gh_label", State.CHANGED))
    assert kinds(Inputs([]), quiet) == [(Kind.LABEL, ("gh_label",), False)]
    assert kinds(Inputs([column("a")]), quiet) == [(Kind.COVARIATE, ("a",), True)]
