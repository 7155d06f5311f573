"""`gatehouse champion score`: files that belong to no batch, scored by the champion of a real ledger."""

from __future__ import annotations

import pandas as pd
import pytest
from click.testing import CliRunner

from gatehouse.cli import score as module
from gatehouse.core.contract.batch_calendar import batch_interval
from gatehouse.errors import InvalidInputError, NotAllowedError, RowsRefusedError, SchemaMismatchError
from support.rides import ctx, folder, looped, open_site  # noqa: F401 - three of them are fixtures


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Runs the command on a context and a table; returns what it wrote, or raises what it raised."""

    def called(ctx, rows, output="out.csv", name="rows.csv"):
        monkeypatch.setattr(module, "open_context", lambda _: ctx)
        rows.to_csv(tmp_path / name, index=False)
        asked = ["rides", "--input", str(tmp_path / name), "--output", str(tmp_path / output)]
        done = CliRunner().invoke(module.score, asked)
        if done.exception is not None:
            raise done.exception
        return done.output

    return called


@pytest.fixture
def rows(looped):
    """The rows of the fourth month, as they were delivered."""
    return looped.source.fetch("2024-04", batch_interval("month", "2024-04"))["rows"].head(20)


@pytest.mark.parametrize("output", ["out.csv", "out.parquet"])
def test_a_file_gets_the_scores_that_its_batch_got(looped, rows, run, tmp_path, output):
    """Each row has the prediction that the batch has for it, with the version that made it, and the ledger is unchanged."""
    before = len(looped.ledger.audit_log.entries())
    assert "20 rows scored by version 1 (generation 1)" in run(looped, rows, output)
    found = (pd.read_csv if output.endswith("csv") else pd.read_parquet)(tmp_path / output)
    batch = looped.ledger.batches.predictions("rides")[-1]
    expected = looped.lake.frame(batch.file).set_index("key")
    assert list(found.columns) == ["key", "score", "version", "sha256", "generation", "problem"]
    assert found["score"].to_numpy() == pytest.approx(expected.loc[found["key"], "score"].to_numpy())
    assert set(found["sha256"]) == {batch.sha256}
    assert len(looped.ledger.audit_log.entries()) == before


def test_a_row_that_breaks_the_contract_is_named_and_has_no_prediction(looped, rows, run, tmp_path):
    """An unreadable cell, a null key and a repeated key each have their rule in the file; the other rows have scores. The
    rule about the batch's interval does not hold for a file without a batch."""
    rows = rows.astype({"amount": "object"})
    rows.loc[1, "amount"], rows.loc[2, "id"] = "many", None
    rows.loc[4, "id"] = rows.loc[3, "id"]
    rows.loc[6, "at"] = pd.Timestamp("2031-05-01", tz="UTC")
    with pytest.raises(RowsRefusedError, match=r"4 of 20 rows break contract.yaml.*column 'amount' holds 'many'"):
        run(looped, rows)
    found = pd.read_csv(tmp_path / "out.csv")
    assert list(found.index[found["score"].isna()]) == [1, 2, 3, 4]
    assert list(found.index[found["problem"].notna()]) == [1, 2, 3, 4]
    assert "a row is scored once" in found.loc[3, "problem"]
    with pytest.raises(RowsRefusedError, match="1 of 1 rows"):
        run(looped, rows.iloc[[1]], "bad.csv")
    assert pd.read_csv(tmp_path / "bad.csv")["score"].isna().tolist() == [True]


def test_a_column_that_is_missing_or_unknown_is_named(looped, rows, run):
    """A declared column must be there; one that is not declared is left out and named."""
    with pytest.raises(SchemaMismatchError, match="column 'amount' is missing"):
        run(looped, rows.drop(columns="amount"))
    assert "does not declare were left out: colour" in run(looped, rows.assign(colour="red"))


def test_a_format_that_cannot_be_read_or_written_is_named(looped, rows, run):
    """The ending of a file that no reader or writer is for is an error that lists those there are."""
    with pytest.raises(InvalidInputError, match=r"allowed: .csv, .parquet"):
        run(looped, rows, "out.xlsx")
    with pytest.raises(InvalidInputError, match="--input has another format"):
        run(looped, rows, name="rows.xlsx")


def test_there_is_nothing_to_score_with_before_the_first_promotion(ctx, run):
    """The command says that the use case has no champion, and how one comes."""
    with pytest.raises(NotAllowedError, match="rides has no champion yet"):
        run(ctx, pd.DataFrame({"id": ["a"], "at": ["2024-01-01"], "group": ["a"], "amount": [1.0]}))
