"""Sixteen small histories that went wrong once: each ends with the right labels, or one sentence that names the place.

Where nothing has to be refused, the model is as good as on the same data without the defect, to the last digit.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gatehouse.cli.backtest import human
from gatehouse.core.contract.batch_calendar import batch_key
from support.fixtures import Play, played, replayed, shared_database, shared_ledger  # noqa: F401 - fixtures
from support.folders import COLUMNS, MONTHS, Delivery, Folder
from support.played import Played, joined, same

FIRST = (MONTHS[0], MONTHS[1])  # what the first model is trained on and judged by


def losses(play: Played) -> dict[str, float]:
    """The log loss of every candidate of the first training."""
    first = play.ctx.ledger.requests.list(play.ctx.name)[0]
    return {each.name: each.metrics["log_loss"] for each in play.ctx.ledger.requests.candidates(first.id)}


def assert_named(play: Played, *texts: str) -> None:
    """Nothing was promoted, one sentence has all of these texts, and none is a traceback."""
    assert play.ctx.ledger.models.champion(play.ctx.name) is None
    assert play.tracebacks == []
    sentences = play.said().splitlines()
    assert any(all(text in sentence for text in texts) for sentence in sentences), play.said()


def assert_as_good(play: Played, folder: Folder, usual: Played) -> None:
    """Every label is the row's own, and the losses are those without the defect."""
    assert play.tracebacks == []
    assert play.ctx.ledger.models.champion(play.ctx.name) is not None, play.said()
    assert same(play.labels(), joined([folder.delivered[key] for key in MONTHS[:3]], folder.key)) == ""
    assert losses(play) == losses(usual)


def with_expiry(int96: bool) -> Any:
    """Writes the column `expires`: already over where the label is 0, else the last day that people write."""

    def write(frame: pd.DataFrame, path: Path) -> None:
        at = frame["at"].dt.tz_localize(None)
        over = [moment - timedelta(days=100) for moment in at]
        never = frame["amount"].round() % 2 == 0
        expires = [
            datetime(9999, 12, 31) if far else moment.to_pydatetime() for far, moment in zip(never, over, strict=True)
        ]
        table = pa.Table.from_pandas(frame.assign(at=at), preserve_index=False)
        table = table.append_column("expires", pa.array(expires, pa.timestamp("us")))
        pq.write_table(table, path, use_deprecated_int96_timestamps=int96, coerce_timestamps=None if int96 else "us")

    return write


def test_far_dates_of_an_old_parquet_type_are_as_written(played: Play) -> None:
    """INT96 from Spark's old days: 9999-12-31 is that day, or the file is refused with the column's name."""
    code = 'made = rows[["amount"]].assign(valid=(rows["expires"] > rows["at"]).astype("float64"))\nreturn made'
    folder = Folder(columns={**COLUMNS, "expires": "timestamp"}, features=code, slices="SLICES = ()", encoded=False)
    play = played(folder, with_expiry(int96=True))
    if not play.accepted:
        assert_named(play, "expires")
        return
    assert_as_good(play, folder, played(folder, with_expiry(int96=False)))
    rows = play.training_rows()
    assert (rows["valid"] == (rows["amount"].round() % 2 == 0)).all()


def test_a_key_that_holds_the_separator(played: Play) -> None:
    """(`s0|a`, `b`) and (`s0`, `a|b`) keep their own labels."""

    def rename(_: str, delivery: Delivery) -> None:
        keys = [(f"s{row // 2}|a", "b") if row % 2 else (f"s{row // 2}", "a|b") for row in range(len(delivery.rows))]
        for frame in (delivery.rows, delivery.outcomes):
            frame["shop"], frame["item"] = [shop for shop, _ in keys], [item for _, item in keys]
        delivery.outcomes = delivery.outcomes.drop(columns="id").iloc[::-1].reset_index(drop=True)

    folder = Folder(key=("shop", "item"), columns={**COLUMNS, "shop": "string", "item": "string"}, suffix="csv").edit(
        rename
    )
    assert_as_good(played(folder), folder, played(Folder(suffix="csv")))


def test_rows_without_a_key(played: Play) -> None:
    """No row without a key gets a label; the batches wait in quarantine, and the reason names the column."""

    def lose(_: str, delivery: Delivery) -> None:
        delivery.rows["id"] = pd.Series([None] * len(delivery.rows), dtype="str")
        delivery.outcomes["id"] = pd.Series([None] * len(delivery.outcomes), dtype="str")

    play = played(Folder().edit(lose))
    assert play.labels() == {}
    assert_named(play, "id")
    assert play.said(MONTHS[0])


def test_features_in_another_order(played: Play) -> None:
    """Sorted rows are put back by their index: the same model as from unsorted ones."""
    folder = Folder(features='return rows.sort_values("amount")[["group", "amount"]]')
    assert_as_good(played(folder), folder, played(Folder()))


def test_two_outcomes_for_one_row(replayed: Any) -> None:
    """Two files in one, the second contradicting the first: nothing is trained on, and the backtest says how many rows."""

    def contradict(_: str, delivery: Delivery) -> None:
        again = delivery.outcomes.assign(label=1 - delivery.outcomes["label"])
        delivery.outcomes = pd.concat([again, delivery.outcomes], ignore_index=True)

    document = replayed(Folder(suffix="csv").edit(contradict)).document()
    assert document["totals"]["trainings"] == 0
    assert [line["champion"] for line in document["lines"]] == [None] * 4
    assert_told(document, "contradict", "240")


def test_outcome_keys_padded_with_blanks(replayed: Any) -> None:
    """Outcomes of CHAR columns match no row: the backtest says how many of how many, with an example as it was written."""
    folder = Folder(suffix="csv").edit(lambda _, each: each.outcomes.__setitem__("id", each.outcomes["id"] + "   "))
    document = replayed(folder).document()
    assert document["totals"]["trainings"] == 0
    assert_told(document, "120 of 120", "no row", "'2024-01-00000   '")


def assert_told(document: dict[str, Any], *texts: str) -> None:
    """One sentence of the first batch, or about it, has all of these texts, and nothing is a traceback."""
    told = json.dumps({name: part for name, part in document.items() if name != "policies"}, ensure_ascii=False)
    errors = [error for line in document["lines"] for error in line["errors"]]
    assert not [error for error in errors if ".py, line" in error], errors
    assert all(text in told for text in texts), told
    assert "2024-01" in told


def test_daily_batches(replayed: Any) -> None:
    """Seven days around a leap day: a table with a line a day, and JSON in which what is undefined is null."""
    days = tuple(batch_key("day", day) for day in pd.date_range("2024-02-26", periods=7, tz="UTC"))
    result = replayed(Folder(batch="day", keys=days))
    assert [line["key"] for line in json.loads(json.dumps(result.document(), allow_nan=False))["lines"]] == list(days)
    assert all(day in human(result) for day in days)


def test_daily_batches_with_nanoseconds(replayed: Any) -> None:
    """Times as pandas writes them, to the nanosecond: no row waits in quarantine for that, and days have their metric."""
    days = tuple(batch_key("day", day) for day in pd.date_range("2024-02-26", periods=7, tz="UTC"))
    folder = Folder(batch="day", keys=days)
    folder.edit(lambda _, each: each.rows.__setitem__("at", each.rows["at"].dt.as_unit("ns") + pd.Timedelta(7, "ns")))
    lines = replayed(folder).document()["lines"]
    assert [line["quarantined"] for line in lines] == [0] * 7
    assert lines[-1]["champion"] is not None


def test_one_infinite_cell(replayed: Any) -> None:
    """One cell of the fourth month: that month has its error with the column's name, the fifth its metric."""
    folder = Folder(keys=(*MONTHS, "2024-05", "2024-06"), suffix="csv")
    folder.delivered["2024-04"].rows.loc[3, "amount"] = float("inf")
    lines = {line["key"]: line for line in replayed(folder).document()["lines"]}
    assert list(lines) == list(folder.keys)
    assert lines["2024-05"]["metric"] is not None
    assert not lines["2024-05"]["errors"]
    assert "amount" in " ".join(lines["2024-04"]["errors"]) or lines["2024-04"]["quarantined"] == 1


def test_no_time_column(played: Play) -> None:
    """Rows without a time: some of them are held out all the same, and every row has its own label."""
    folder = Folder(time_column=None)
    play = played(folder)
    assert play.ctx.ledger.models.champion(play.ctx.name) is not None, play.said()
    assert play.tracebacks == []
    assert all(loss < 0.7 for loss in losses(play).values())
    assert same(play.labels(), joined([folder.delivered[key] for key in MONTHS[:3]], folder.key)) == ""


def test_labels_minus_one_and_one(played: Play) -> None:
    """The sentence names model.py and target(), the labels that were found and those that are allowed."""
    assert_named(played(Folder(target='return outcomes["label"] * 2 - 1')), "model.py", "target()", "-1", "0", "1")


def test_target_of_text(played: Play) -> None:
    """The sentence names model.py, target(), a text that was found and what may be returned."""
    play = played(Folder(target='return outcomes["label"].map({1.0: "yes", 0.0: "no"})'))
    assert_named(play, "model.py", "target()", "no", "0", "1")


def test_target_drops_rows(played: Play) -> None:
    """The sentence names model.py, target(), and both numbers of rows; or the index leads back to the rows."""

    def lose(_: str, delivery: Delivery) -> None:
        delivery.outcomes.loc[[0, 50], "label"] = None

    folder = Folder(target='return outcomes["label"].dropna()').edit(lose)
    assert_named(played(folder), "model.py", "target()", "118", "120")


@pytest.mark.parametrize("numbers", ["[0, 1]"])
def test_features_named_by_numbers(played: Play, numbers: str) -> None:
    """Columns 0 and 1 become texts: the model is the one of columns with names."""
    code = 'made = pd.DataFrame({"is_b": (rows["group"] == "b").astype(float), "x": rows["amount"]})\n'
    plain = {"slices": "SLICES = ()", "encoded": False}
    play = played(Folder(features=f"{code}made.columns = {numbers}\nreturn made", **plain))
    usual = played(Folder(features=f"{code}return made", **plain))
    if play.ctx.ledger.models.champion(play.ctx.name) is None:
        assert_named(play, "model.py", "features()")
    else:
        assert losses(play) == losses(usual)
    assert play.tracebacks == []


def test_slices_that_are_no_feature(played: Play) -> None:
    """The sentence names SLICES in model.py and the missing feature."""
    folder = Folder(features='return rows[["amount"]]', encoded=False)
    assert_named(played(folder), "model.py", "SLICES", "group")


def test_spark_writes_a_folder(played: Play) -> None:
    """A folder of parts in the place of a file is the file: all of its rows, the same model."""

    def parts(frame: pd.DataFrame, path: Path) -> None:
        if MONTHS[1] not in path.name:
            frame.to_parquet(path, index=False)
            return
        path.mkdir()
        for number, part in enumerate((frame.iloc[:70], frame.iloc[70:])):
            part.to_parquet(path / f"part-{number:05d}.snappy.parquet", index=False)
        (path / "_SUCCESS").touch()

    folder = Folder()
    play = played(folder, parts)
    if MONTHS[1] in play.accepted:
        assert_as_good(play, folder, played(Folder()))
    else:
        assert f"rows_{MONTHS[1]}.parquet" in play.said()


def test_a_csv_field_of_140000_characters(played: Play) -> None:
    """It lands as Parquet does, and the model is that of short fields."""
    columns = {**COLUMNS, "note": "string"}

    def note(key: str, delivery: Delivery) -> None:
        delivery.rows["note"] = "ok"
        if key == MONTHS[1]:
            delivery.rows.loc[5, "note"] = "x" * 140_000

    folder = Folder(columns=columns, suffix="csv").edit(note)
    assert_as_good(played(folder), folder, played(Folder(suffix="csv")))
