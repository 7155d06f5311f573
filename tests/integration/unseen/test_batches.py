"""Numbers without bounds, batches of every length and size, and times that are not there."""

from __future__ import annotations

import json
import math
from typing import Any

import pandas as pd
import pytest

from gatehouse.core.contract.batch_calendar import batch_key
from support.fixtures import Play, played, replayed, shared_database, shared_ledger  # noqa: F401 - fixtures
from support.folders import Folder

KEYS = ("2024-01", "2024-02", "2024-03", "2024-04", "2024-05")


def spoiled(cell: Any, column: str = "amount", key: str = "2024-04", suffix: str = "csv") -> Folder:
    """A folder with one odd cell in one batch."""
    folder = Folder(keys=KEYS, suffix=suffix)
    rows = folder.delivered[key].rows
    rows[column] = rows[column].astype("object")
    rows.loc[7, column] = cell
    return folder


@pytest.mark.parametrize("cell", ["inf", "-inf", "1e400"])
def test_an_infinite_cell_stops_its_own_batch_or_row(played: Play, cell: str) -> None:
    """One infinite cell: its row or batch is named with its column, and all other batches have their result."""
    play = played(spoiled(cell))
    assert [key for key in KEYS if key != "2024-04" and key not in play.accepted] == []
    assert "amount" in play.said("2024-04") or "amount" in str(play.quarantined("2024-04").to_dict("records"))
    assert play.tracebacks == []
    scored = {each.batch.key for each in play.ctx.ledger.batches.predictions(play.ctx.name)}
    assert "2024-05" in scored


@pytest.mark.parametrize("cell", ["-1.7976931348623157e308", "5e-324", "", "123456789012345678901234567890"])
def test_an_extreme_or_missing_cell_stops_nothing(played: Play, cell: str) -> None:
    """What a number can hold, or what is missing, is scored like any other; the labels stay where they are."""
    folder = spoiled(cell)
    play = played(folder)
    assert play.tracebacks == []
    assert [key for key in KEYS if key != "2024-04" and key not in play.accepted] == []
    scored = {each.batch.key for each in play.ctx.ledger.batches.predictions(play.ctx.name)}
    assert "2024-05" in scored


def test_the_backtest_of_an_infinite_cell_has_a_line_for_each_batch(replayed: Any) -> None:
    """The whole backtest ends: the batch's line has its error, and the document is JSON."""
    result = replayed(spoiled("inf"))
    document = json.loads(json.dumps(result.document(), allow_nan=False))
    assert [line["key"] for line in document["lines"]] == list(KEYS)
    assert sum(line["metric"] is not None for line in document["lines"]) >= 1


def batch_keys(kind: str, count: int) -> tuple[str, ...]:
    """The keys of so many batches from February 2024 on."""
    step = {"day": "1D", "week": "7D", "month": "MS"}[kind]
    return tuple(
        batch_key(kind, moment)
        for moment in pd.date_range(
            "2024-02-26" if kind != "month" else "2024-02-01", periods=count, freq=step, tz="UTC"
        )
    )


@pytest.mark.parametrize(("kind", "size"), [("day", 1), ("day", 40), ("week", 3), ("month", 2)])
def test_batches_of_any_length_and_size_have_a_result(replayed: Any, kind: str, size: int) -> None:
    """Days across a leap day, weeks and months of few rows: a whole backtest, what is undefined left empty."""
    folder = Folder(
        batch=kind, keys=batch_keys(kind, 7), size=size, rules=[{"rule": "data_validated", "description": "Valid."}]
    )
    result = replayed(folder)
    document = json.loads(json.dumps(result.document(), allow_nan=False))
    assert [line["key"] for line in document["lines"]] == list(folder.keys)
    assert [line["rows"] for line in document["lines"]] == [size] * 7
    errors = [error for line in document["lines"] for error in line["errors"]]
    assert not [error for error in errors if ".py, line" in error], errors
    assert '"nan"' not in json.dumps(document)


@pytest.mark.parametrize("kind", ["day", "week", "month"])
def test_an_empty_batch_is_its_own_error(played: Play, kind: str) -> None:
    """A delivery without rows is refused by the contract's least number of rows; the batches around it go on."""
    folder = Folder(batch=kind, keys=batch_keys(kind, 5))
    empty = folder.keys[2]
    folder.delivered[empty].rows = folder.delivered[empty].rows.head(0)
    play = played(folder)
    assert play.accepted == [key for key in folder.keys if key != empty]
    assert "rows" in play.said(empty)
    assert play.tracebacks == []


def test_batches_of_one_label_are_measured_where_that_is_possible(replayed: Any) -> None:
    """Batches whose outcomes are all alike: a backtest with a result, and no undefined number as a text."""
    folder = Folder(keys=KEYS)
    folder.edit(
        lambda key, each: each.outcomes.__setitem__("label", 1.0 if key > "2024-02" else each.outcomes["label"])
    )
    document = json.loads(json.dumps(replayed(folder).document(), allow_nan=False))
    assert [line["key"] for line in document["lines"]] == list(KEYS)


@pytest.mark.parametrize("times", ["no column", "all the same", "by day", "null for some"])
def test_rows_are_held_out_whatever_their_times(played: Play, times: str) -> None:
    """Without a time column, or with one time for all rows, some rows are held out, and a model is trained."""
    folder = Folder(keys=KEYS, time_column=None if times == "no column" else "at")
    if times in ("all the same", "by day"):
        folder.edit(
            lambda key, each: each.rows.__setitem__(
                "at", pd.Timestamp(f"{key}-01", tz="UTC") if times == "all the same" else each.rows["at"].dt.floor("D")
            )
        )
    if times == "null for some":
        folder.edit(lambda _, each: each.rows.__setitem__("at", each.rows["at"].mask(each.rows.index < 3)))
    play = played(folder)
    assert play.tracebacks == []
    champion = play.ctx.ledger.models.champion(play.ctx.name)
    assert champion is not None, play.said()
    (request, *_) = play.ctx.ledger.requests.list(play.ctx.name)
    assert champion.model.request == request.id, play.said()
    kept = play.ctx.ledger.requests.training_set(request.id)
    training, holdout = play.ctx.lake.frame(kept.training), play.ctx.lake.frame(kept.holdout)
    assert len(training) >= 60
    assert len(holdout) >= 60
    assert not set(training["amount"]) & set(holdout["amount"])
    (candidate,) = play.ctx.ledger.requests.candidates(request.id)
    assert math.isfinite(candidate.metrics["log_loss"])


SLICES = {
    "not a feature": 'SLICES = ("colour",)',
    "a text": 'SLICES = "group"',
    "numbers": "SLICES = (1, 2)",
    "nothing": "SLICES = None",
    "one of two": 'SLICES = ("group", "size")',
    "not there": "",
}


@pytest.mark.parametrize("name", SLICES)
def test_slices_that_are_none_are_named(played: Play, name: str) -> None:
    """SLICES that name no feature: one sentence names model.py and SLICES, or nothing needs them and a model is trained."""
    folder = Folder(keys=KEYS, slices=SLICES[name])
    play = played(folder)
    assert play.tracebacks == []
    if play.ctx.ledger.models.champion(play.ctx.name) is None:
        said = play.said()
        assert "model.py" in said, said
        assert "SLICES" in said
