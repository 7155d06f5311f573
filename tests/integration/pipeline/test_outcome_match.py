"""Outcomes and the rows of their batch: each row gets its own label, and what fits no row is seen."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from conftest import LedgerDatabase
from gatehouse.core.notifications.alert_types import AlertType
from gatehouse.invariants import run
from gatehouse.pipeline import land, outcomes
from gatehouse.pipeline.batch_data import row_keys
from gatehouse.pipeline.batch_data.outcome_problems import outcome_alert, outcome_problems
from gatehouse.pipeline.validate import validate
from support.rides import FakeContext, ctx, folder, looped, open_site, take  # noqa: F401

FIRST, SECOND, LATER = "2024-01", "2024-02", "2024-03"


def arrive(ctx: FakeContext, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """Let a first batch arrive, then a second with the first one's outcomes, changed."""
    ctx.source.relabel[FIRST] = change
    for key in (FIRST, SECOND):
        batch = land.land(ctx, key)
        outcomes.collect(ctx, key)
        validate(ctx, batch.id)


def labelled(ctx: FakeContext) -> pd.Series:
    batch = ctx.ledger.batches.list(ctx.name)[0]
    arrived = ctx.ledger.batches.outcomes(ctx.name, batch.interval.end.replace(year=2030))
    return row_keys.with_labels(ctx, row_keys.batch_frame(ctx, batch), arrived[FIRST]).set_index("gh_key")["gh_label"]


def test_outcomes_that_agree_are_one_and_those_that_contradict_are_quarantined(ctx: FakeContext) -> None:
    """A second outcome that says the same changes nothing; one that says something else takes the label of its row only."""
    original: list[pd.DataFrame] = []

    def twice(frame: pd.DataFrame) -> pd.DataFrame:
        original.append(frame)
        against = frame.iloc[[1]].assign(label=1 - frame["label"].iloc[[1]])
        return pd.concat([frame, frame.iloc[[0]], against], ignore_index=True)

    arrive(ctx, twice)
    found = labelled(ctx)
    expected = original[0].set_index("id")["label"].astype("float64")
    contradicted = str(original[0]["id"].iloc[1])
    assert found.isna().sum() == 1
    assert pd.isna(found[contradicted])
    assert (found.drop(contradicted) == expected.drop(contradicted).reindex(found.index.drop(contradicted))).all()
    as_of = ctx.ledger.batches.list(ctx.name)[-1].interval.end
    assert contradicted in outcome_problems(ctx, as_of)[FIRST]
    (delivered,) = ctx.ledger.batches.outcomes(ctx.name, as_of).values()
    assert (
        ctx.lake.frame(delivered.quarantined)["gh_reasons"].str.contains("contradict each other").tolist() == [True] * 2
    )


def test_outcomes_contradict_by_what_target_makes_of_them(open_site: Callable[[], FakeContext], folder) -> None:
    """Two outcomes with the same label column of which target() makes two labels: the row has none."""
    code = folder / "model.py"
    code.write_text(
        code.read_text().replace(
            'return outcomes["label"]', 'return (outcomes["label"] + (outcomes["ride"] == "x")) % 2'
        )
    )
    contract = folder / "contract.yaml"
    contract.write_text(
        contract.read_text().replace("{id: string, label: number}", "{id: string, label: number, ride: string}")
    )
    source = folder / "source.py"
    source.write_text(source.read_text().replace('[["id", "label"]]', '[["id", "label"]].assign(ride="y")'))
    ctx = open_site()
    arrive(ctx, lambda frame: pd.concat([frame, frame.iloc[[3]].assign(ride="x")], ignore_index=True))
    assert labelled(ctx).isna().sum() == 1


def test_outcomes_that_match_no_row_are_counted_and_alerted(ctx: FakeContext) -> None:
    """Keys padded with blanks match nothing: the alert says how many of how many, with examples of both sides."""
    arrive(ctx, lambda frame: frame.assign(id=frame["id"] + " "))
    assert labelled(ctx).isna().all()
    (alert,) = outcome_alert(ctx)
    rows_of_first = len(labelled(ctx))
    assert alert.kind is AlertType.OUTCOMES
    assert f"{rows_of_first:,} of {rows_of_first:,} outcomes match no row" in alert.sentence
    assert f"{rows_of_first:,} of {rows_of_first:,} rows have no outcome" in alert.sentence


def test_the_contract_can_normalise_keys(open_site: Callable[[], FakeContext], folder) -> None:
    """With `normalise_keys: [strip]` padded keys find their rows, and nobody is alerted."""
    contract = folder / "contract.yaml"
    contract.write_text(contract.read_text() + "\nnormalise_keys: [strip]\n")
    ctx = open_site()
    arrive(ctx, lambda frame: frame.assign(id="  " + frame["id"] + " "))
    assert labelled(ctx).notna().all()
    assert outcome_alert(ctx) == []


def test_outcomes_without_a_key_and_unreadable_ones_are_quarantined(ctx: FakeContext) -> None:
    """A null key matches no null key, and a label that cannot be read costs its own row."""

    def spoilt(frame: pd.DataFrame) -> pd.DataFrame:
        label = frame["label"].astype("object")
        label.iloc[1] = "-"
        return frame.assign(id=frame["id"].where(frame.index != 0), label=label)

    arrive(ctx, spoilt)
    assert labelled(ctx).isna().sum() == 2


def test_refused_outcomes_are_alerted_with_the_reason(ctx: FakeContext) -> None:
    """A delivery that breaks the contract as a whole is a problem of its batch, not only a line of the audit log."""
    arrive(ctx, lambda frame: frame.assign(label=1 - frame["label"]).pipe(lambda other: pd.concat([frame, other])))
    (alert,) = outcome_alert(ctx)
    assert "refused" in alert.sentence
    assert "contradict each other" in alert.sentence


def test_the_labels_of_training_sets_are_derived_again(looped: FakeContext, ledger_database: LedgerDatabase) -> None:
    """I13 looks at every labelled row of training and holdout, and holds."""
    finding = by_name(looped, ledger_database)
    assert (finding.breaches, finding.notes) == ((), ())
    assert finding.rows > 1000


def test_labels_of_other_rows_are_a_breach(
    ctx: FakeContext, ledger_database: LedgerDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the pipeline's join gives labels to other rows, I13 names the training set, the batch and a row."""
    join = row_keys.one_for_each_key
    monkeypatch.setattr(
        row_keys, "one_for_each_key", lambda keys, labels: join(keys, labels.iloc[::-1].reset_index(drop=True))
    )
    for key in (FIRST, SECOND, LATER):
        take(ctx, key)
    assert "labels are not those of their rows" in by_name(ctx, ledger_database).breaches[0]


def by_name(ctx: FakeContext, database: LedgerDatabase):
    findings = run(database.url, ctx.lake, None, {ctx.name: ctx.case})
    return next(finding for finding in findings if finding.invariant == "I13")
