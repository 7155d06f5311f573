"""A batch in partitions comes out as the undivided batch does: the same files, verdicts, reports, profiles and scores."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conftest import refill
from gatehouse.core.profiling import numeric
from gatehouse.errors import ConfigurationError
from gatehouse.pipeline import land, score
from gatehouse.pipeline.manual.quarantined import release
from gatehouse.pipeline.partitions import partition_reader
from gatehouse.pipeline.validate import validate
from support.rides import ctx, folder, looped, open_site  # noqa: F401 - fixtures


@pytest.fixture
def small_pieces(monkeypatch):
    """Columns are summed in pieces of fifty rows, so that partitions of a few hundred are whole pieces."""
    monkeypatch.setattr(numeric, "PIECE", 50)
    monkeypatch.setattr(numeric, "LONG", 50)


def dividing(ctx, rows):
    """The same site with a contract that divides from so many rows on (None: never)."""
    ctx.case = replace(ctx.case, contract=ctx.case.contract.model_copy(update={"max_rows_in_memory": rows}))
    return ctx


def known(batch):
    """What the ledger knows of a batch, by the hashes of the files."""
    files = [part for table in batch.tables.values() for part in (table.source, table.accepted, table.quarantined)]
    return (
        batch.state,
        batch.reason,
        [each and (each.sha256, each.rows) for each in [batch.report, batch.profile, *files]],
    )


def four_months(ctx):
    """A month that begins the grids, one with bad rows and nulls, one with a data fault that a person releases, one with
    a few unreadable cells, one with many, and one without a column."""
    ctx.source.change["2024-02"] = lambda frame: frame.assign(
        id=frame["id"].where(frame.index % 700 != 3, frame["id"].iloc[0]), amount=frame["amount"].mask(frame.index < 9)
    )
    ctx.source.change["2024-03"] = lambda frame: frame.assign(amount=frame["amount"] * 1000)
    unreadable = [["-", "N/A"][number % 2] for number in range(2000)]
    for month, every in (("2024-04", 61), ("2024-05", 3)):
        ctx.source.change[month] = lambda frame, every=every: frame.assign(
            amount=frame["amount"].astype(str).where(frame.index % every != 2, unreadable[: len(frame)])
        )
    ctx.source.change["2024-06"] = lambda frame: frame.drop(columns="amount")
    found = [known(validate(ctx, land.land(ctx, f"2024-0{month}").id)) for month in range(1, 7)]
    broken = ctx.ledger.batches.list(ctx.name)[2]
    return [*found, known(release(ctx, broken.id, "admin", "cents from now on"))]


def test_months_in_partitions_leave_the_very_files_of_whole_months(
    open_site, ledger_server, ledger_database, ledger_template, small_pieces
):
    """Verdict, reason, report, accepted and quarantined rows and profile are the same by their hashes, whether a batch is
    checked whole, in five partitions, or in two of which the second is short."""
    whole = four_months(open_site())
    assert [state for state, _, _ in whole] == [
        "accepted", "accepted", "quarantined", "accepted", "quarantined", "quarantined", "accepted"
    ]  # fmt: skip
    assert "column 'amount': 666 of 2000 values cannot be read, for example '-' (row 2), 'N/A' (row 5)" in whole[4][1]
    assert "schema changed" in whole[5][1]
    assert whole[1][2][4][1] == 4, "four rows of the second month are in quarantine"
    for most in (400, 1999):
        refill(ledger_server, ledger_database, ledger_template)
        ctx = dividing(open_site(), most)
        assert four_months(ctx) == whole
        assert all(partition_reader.is_partitioned(ctx, batch) for batch in ctx.ledger.batches.list(ctx.name))


def test_scores_in_partitions_are_the_file_of_the_whole(looped, small_pieces):
    """The champion's scores of a batch, row by row in the same order and in the same bytes."""
    batch = validate(looped, land.land(looped, "2024-05").id)
    champion = looped.ledger.models.champion(looped.name)
    whole = looped.lake.put_frame(score.predictions_frame(looped, champion, batch), "predictions")
    assert score.score(dividing(looped, 300), batch.id).file == whole


@pytest.mark.parametrize("look", ["count", "mean", "before"])
def test_features_that_look_at_other_rows_are_refused_by_name(looped, small_pieces, monkeypatch, look):
    """Counts, means and differences over the batch would be other numbers in a partition: neither a profile nor a score is
    made of them."""
    looks = {
        "count": lambda rows: rows.groupby("group")["id"].transform("size"),
        "mean": lambda rows: rows["amount"] - rows["amount"].mean(),
        "before": lambda rows: rows["amount"].diff(),
    }
    own = looped.case.model.features
    batch = validate(looped, land.land(looped, "2024-05").id)
    monkeypatch.setattr(
        looped.case.model, "features", lambda tables: own(tables).assign(amount=looks[look](tables["rows"]).to_numpy())
    )
    with pytest.raises(ConfigurationError, match=r"features\(\) makes amount of a row out of other rows of 'rows'"):
        score.score(dividing(looped, 300), batch.id)
    with pytest.raises(ConfigurationError, match="max_rows_in_memory"):
        validate(looped, land.land(looped, "2024-06").id)
