"""Keys of every kind: the label of each row of a training set is the one that an independent join gives it."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import LedgerDatabase
from gatehouse import invariants
from support.fixtures import Play, played, shared_database, shared_ledger  # noqa: F401 - fixtures
from support.folders import COLUMNS, Delivery, Folder
from support.played import joined, same

SEPARATORS = [
    "|",
    ",",
    '","',
    '", "',
    "\\",
    "\\|",
    '"',
    '\\"',
    "'",
    " ",
    "||",
    ";",
    "\t",
    "\x1f",
    "\n",
    "\r",
    "\r\n",
    "\x85",
    "\u2028",
    "\\u007c",
    "/",
    "[",
]
ALIKE = [
    ("007", "7"), ("a", "a "), ("a", " a"), ("A", "a"), ("1", "1.0"), ("caf\u00e9", "cafe\u0301"), ("\u212a", "K"),
    ("stra\u00dfe", "strasse"), ("nan", "None"), ("NA", "null"), ("True", "true"), ("<NA>", "NaT"), ("-0", "0"),
    ('["a"]', "a"), ("\u0430", "a"), ("a\u200b", "a"), ("1e3", "1000"), ("a\u00a0", "a"), ("\\", "\\\\"), ('"', '\\"'),
]  # fmt: skip
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
Keys = Callable[[int], Any]
LABELLED = ("2024-01", "2024-02")


def folder_of(names: list[str], kind: str, key_of: Callable[[int], tuple[Any, ...]], suffix: str = "parquet") -> Folder:
    """A folder whose rows have these keys; its outcomes come in another order."""
    kinds = dict.fromkeys(names, kind)
    folder = Folder(
        key=names, columns={**COLUMNS, **kinds}, suffix=suffix, keys=(*LABELLED, "2024-03"), size=40,
        retrain={"min_batches_first_training": 99}, table={"max_quarantined_share": 0.2}, outcomes_table={"max_quarantined_share": 0.2},
    )  # fmt: skip
    folder.edit(lambda key, delivery: set_keys(delivery, names, [key_of(row) for row in range(folder.size)]))
    return folder


def separators(suffix: str) -> list[str]:
    """What may stand between two parts; a CSV writer of Python's quotes no carriage return."""
    return [each for each in SEPARATORS if suffix != "csv" or "\r" not in each]


def set_keys(delivery: Delivery, names: list[str], keys: list[tuple[Any, ...]]) -> None:
    """Let rows and outcomes have these keys."""
    for number, name in enumerate(names):
        values = pd.Series([key[number] for key in keys], dtype="object")
        delivery.rows[name] = values
        delivery.outcomes[name] = values
    order = random.Random(7).sample(range(len(keys)), len(keys))
    delivery.outcomes = delivery.outcomes.iloc[order].reset_index(drop=True)[[*names, "label"]]


def of_type(kind: pa.DataType, names: list[str]) -> Callable[[pd.DataFrame, Path], None]:
    """Writes the key columns as one Arrow type."""

    def write(frame: pd.DataFrame, path: Path) -> None:
        columns = {
            name: pa.array(frame[name].tolist(), kind) if name in names else pa.array(frame[name], from_pandas=True)
            for name in frame.columns
        }
        pq.write_table(pa.table(columns), path)

    return write


def assert_own_labels(play: Any, folder: Folder, keys: tuple[str, ...] = LABELLED) -> None:
    """The labels of the training set are those of the independent join, for every row."""
    found = play.labels()
    assert play.tracebacks == []
    assert same(found, joined([folder.delivered[key] for key in keys], folder.key)) == "", play.said()


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_a_separator_in_a_key_moves_no_part(played: Play, suffix: str) -> None:
    """(`s0|a`, `b`) and (`s0`, `a|b`) are two rows, whatever stands where `|` stands."""

    def key_of(row: int) -> tuple[str, str]:
        parts = separators(suffix)[row // 2 % len(separators(suffix))]
        return (f"s{row // 2}{parts}a", "b") if row % 2 else (f"s{row // 2}", f"a{parts}b")

    folder = folder_of(["shop", "item"], "string", key_of, suffix)
    assert_own_labels(played(folder), folder)


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_three_parts_stay_three_parts(played: Play, suffix: str) -> None:
    """A key of three parts is told from every other division of the same characters."""

    def key_of(row: int) -> tuple[str, str, str]:
        number, parts = row // 4, separators(suffix)[row // 4 % len(separators(suffix))]
        shapes = [
            (f"{number}{parts}a", "b", "c"), (f"{number}", f"a{parts}b", "c"),
            (f"{number}", "a", f"b{parts}c"), (f"{number}{parts}a{parts}b", "c", "d"),
        ]  # fmt: skip
        return shapes[row % 4]

    folder = folder_of(["one", "two", "three"], "string", key_of, suffix)
    assert_own_labels(played(folder), folder)


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_texts_are_compared_as_delivered(played: Play, suffix: str) -> None:
    """Texts that look alike, or like a null or a number, are different keys as long as their characters differ."""
    folder = folder_of(["id", "part"], "string", lambda row: (ALIKE[row // 2][row % 2], f"{row // 2}"), suffix)
    assert_own_labels(played(folder), folder)


@pytest.mark.parametrize("pair", [("007", "7"), ("a", "a "), ("nan", "None"), ("caf\u00e9", "cafe\u0301")])
def test_a_key_of_one_text_is_compared_as_delivered(played: Play, pair: tuple[str, str]) -> None:
    """The same with one column: no number, blank or accent is added or lost."""
    folder = folder_of(["id"], "string", lambda row: (f"{row // 2}" * (row // 2 > 0) + pair[row % 2],))
    assert_own_labels(played(folder), folder)


KINDS: dict[str, tuple[str, pa.DataType, Keys]] = {
    "64-bit signed": ("integer", pa.int64(), lambda row: (-(2**63) + row) if row % 2 else 2**63 - 1 - row),
    "integers beyond 2**53": ("integer", pa.int64(), lambda row: 2**53 + row),
    "unsigned, 32 bits": ("integer", pa.uint32(), lambda row: 2**32 - 1 - row),
    "unsigned, 64 bits, small": ("integer", pa.uint64(), lambda row: row),
    "small integers": ("integer", pa.int8(), lambda row: row - 20),
    "numbers": ("number", pa.float64(), lambda row: 0.1 * row),
    "numbers that differ by one bit": ("number", pa.float64(), lambda row: float(np.nextafter(row // 2, row // 2 + row % 2))),
    "32-bit numbers": ("number", pa.float32(), lambda row: float(np.float32(0.1) * np.float32(row))),
    "huge numbers": ("number", pa.float64(), lambda row: 1e308 - row * 1e305),
    "days": ("timestamp", pa.date32(), lambda row: date(2024, 1, 1) + timedelta(days=row)),
    "moments": ("timestamp", pa.timestamp("us", "UTC"), lambda row: NOON + timedelta(microseconds=row)),
    "moments without a zone": ("timestamp", pa.timestamp("us"), lambda row: (NOON + timedelta(seconds=row)).replace(tzinfo=None)),
    "milliseconds": ("timestamp", pa.timestamp("ms", "UTC"), lambda row: NOON + timedelta(milliseconds=row)),
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_keys_of_every_type_are_exact(played: Play, name: str) -> None:
    """Neighbouring values of a type, at its ends too, are different keys."""
    declared, kind, value = KINDS[name]
    folder = folder_of(["id"], declared, lambda row: (value(row),))
    write = of_type(kind, ["id"])
    assert_own_labels(played(folder, write, write), folder)


REFUSABLE: dict[str, tuple[str, pa.DataType, Keys]] = {
    "unsigned, 64 bits, large": ("integer", pa.uint64(), lambda row: 2**64 - 1 - row),
    "nanoseconds": ("timestamp", pa.timestamp("ns", "UTC"), lambda row: pd.Timestamp(NOON) + pd.Timedelta(row, "ns")),
    "decimals of 30 digits": ("number", pa.decimal128(38, 10), lambda row: Decimal("12345678901234567890.0") + row),
    "decimals of few digits": ("number", pa.decimal128(10, 2), lambda row: Decimal(row) / 100),
    "integers as numbers beyond 2**53": ("number", pa.int64(), lambda row: 2**53 + row),
    "far days": ("timestamp", pa.date32(), lambda row: date(9999, 1, 1) + timedelta(days=row)),
    "far moments": ("timestamp", pa.timestamp("us"), lambda row: datetime(9999, 12, 31) - timedelta(hours=row)),
    "old moments": ("timestamp", pa.timestamp("us"), lambda row: datetime(1, 1, 1) + timedelta(hours=row)),
    "times of day": ("timestamp", pa.time64("us"), lambda row: (NOON + timedelta(seconds=row)).time()),
    "bytes": ("string", pa.binary(), lambda row: bytes([row, 255])),
    "integers as texts": ("string", pa.int64(), lambda row: row),
    "lists": ("string", pa.list_(pa.int64()), lambda row: [row]),
}


@pytest.mark.parametrize("name", REFUSABLE)
def test_keys_that_may_be_refused_are_never_wrong(played: Play, name: str) -> None:
    """What a declared type cannot hold exactly is refused by name, the column named; else each row has its own label."""
    declared, kind, value = REFUSABLE[name]
    folder = folder_of(["id"], declared, lambda row: (value(row),))
    write = of_type(kind, ["id"])
    play = played(folder, write, write)
    found = play.labels()
    assert play.tracebacks == []
    if found:
        assert same(found, joined([folder.delivered[key] for key in LABELLED], ["id"])) == ""
    else:
        assert "'id'" in play.said()


def test_equal_values_in_two_writings_are_one_key(played: Play) -> None:
    """The same integer as a number in one file and as text in the other, the same moment in two zones: one key."""
    folder = folder_of(["id"], "integer", lambda row: (row,))
    text = of_type(pa.string(), ["id"])
    wanted = joined([folder.delivered[key] for key in LABELLED], ["id"])
    folder.edit(lambda _, delivery: delivery.outcomes.__setitem__("id", delivery.outcomes["id"].astype("str")))
    assert same(played(folder, of_type(pa.int64(), ["id"]), text).labels(), wanted) == ""


@pytest.mark.parametrize("hours", [-11, 5.5, 14])
def test_one_moment_in_two_zones_is_one_key(played: Play, hours: float) -> None:
    """Rows in UTC, outcomes in a local time with its offset: the moments are compared."""
    folder = folder_of(["id"], "timestamp", lambda row: (NOON + timedelta(minutes=row),), "csv")
    wanted = joined([folder.delivered[key] for key in LABELLED], ["id"])
    zone = timezone(timedelta(hours=hours))

    def local(_: str, delivery: Delivery) -> None:
        delivery.outcomes["id"] = [moment.astimezone(zone).isoformat() for moment in delivery.outcomes["id"]]

    assert same(played(folder.edit(local)).labels(), wanted) == ""


def test_two_scales_of_a_number_are_one_key(played: Play) -> None:
    """1.0 in the rows and 1.00 in the outcomes are one number."""
    folder = folder_of(["id"], "number", lambda row: (row / 2,), "csv")
    wanted = joined([folder.delivered[key] for key in LABELLED], ["id"])
    folder.edit(lambda _, each: each.outcomes.__setitem__("id", [f"{value:.3f}" for value in each.outcomes["id"]]))
    assert same(played(folder).labels(), wanted) == ""


def test_truth_is_a_key(played: Play) -> None:
    """A boolean beside a number: true is not the text of it, and 1 is not true."""
    folder = folder_of(["part", "id"], "integer", lambda row: (row // 2, bool(row % 2)))
    folder.columns = {**folder.columns, "id": "boolean"}
    assert_own_labels(played(folder), folder)


def null_at(place: int, width: int, rows: tuple[int, ...]) -> Callable[[int], tuple[Any, ...]]:
    """Keys of so many parts, one of them null in some rows."""

    def key_of(row: int) -> tuple[Any, ...]:
        key: list[Any] = [f"{part}-{row}" for part in range(width)]
        key[place] = None if row in rows else key[place]
        return tuple(key)

    return key_of


@pytest.mark.parametrize(("place", "width"), [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)])
def test_a_key_with_a_null_part_gets_no_label(played: Play, place: int, width: int) -> None:
    """Some rows without a part of their key: they are quarantined with the column's name, the others keep their labels."""
    names = [f"k{part}" for part in range(width)]
    folder = folder_of(names, "string", null_at(place, width, (3, 20, 39)))
    play = played(folder)
    assert_own_labels(play, folder)
    held = play.quarantined("2024-01")
    assert sorted(held["amount"]) == sorted(folder.delivered["2024-01"].rows["amount"][[3, 20, 39]])
    assert all(f"k{place}" in str(row) for row in held.to_dict("records"))


@pytest.mark.parametrize("kind", [("integer", pa.int64()), ("number", pa.float64()), ("timestamp", pa.timestamp("us"))])
def test_a_null_of_any_type_gets_no_label(played: Play, kind: tuple[str, pa.DataType]) -> None:
    """A null integer, number or moment in a key is no value: it equals no other null."""

    def value(row: int) -> Any:
        return NOON.replace(tzinfo=None) + timedelta(days=row) if kind[0] == "timestamp" else row

    folder = folder_of(["id"], kind[0], lambda row: (None if row in (1, 2, 37) else value(row),))
    write = of_type(kind[1], ["id"])
    assert_own_labels(played(folder, write, write), folder)


@pytest.mark.parametrize("empty", ["", None])
@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_all_keys_null_quarantine_the_batch(played: Play, suffix: str, empty: str | None) -> None:
    """A delivery without any key is no batch to train on, and the reason names the key."""
    folder = folder_of(["id"], "string", lambda row: (empty,), suffix)
    play = played(folder)
    assert play.labels() == {}
    assert play.tracebacks == []
    assert "id" in play.said("2024-01")


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_an_empty_text_is_no_key(played: Play, suffix: str) -> None:
    """An empty text is null: its rows get no label of another row without one."""
    folder = folder_of(["id"], "string", lambda row: ("" if row in (4, 5) else f"{row}",), suffix)
    play = played(folder)
    wanted = joined([folder.delivered[key] for key in LABELLED], ["id"])
    empty = {amount for key in LABELLED for amount in folder.delivered[key].rows["amount"][[4, 5]]}
    assert same(play.labels(), {row: label for row, label in wanted.items() if row not in empty}) == ""


NORMALISED = [("strip", "id-{} ", "id-{}"), ("casefold", "ID-{}", "id-{}"), ("nfc", "e\u0301-{}", "\u00e9-{}")]


@pytest.mark.parametrize(("step", "rows", "outcomes"), NORMALISED)
def test_the_contract_can_normalise_keys(played: Play, step: str, rows: str, outcomes: str) -> None:
    """Keys that differ by blanks, case or accents match when the contract says so, and only then."""
    for steps in ([step], []):
        folder = folder_of(["id"], "string", lambda row: (outcomes.format(row),))
        wanted = joined([folder.delivered[key] for key in LABELLED], ["id"]) if steps else {}
        folder.edit(lambda _, each: each.rows.__setitem__("id", [rows.format(row) for row in range(len(each.rows))]))
        folder.contract = {"normalise_keys": steps}
        assert same(played(folder).labels(), wanted) == ""


@pytest.mark.parametrize("kind", ["two texts", "null parts", "moments", "whole numbers"])
def test_the_invariant_derives_the_same_labels(played: Play, shared_database: LedgerDatabase, kind: str) -> None:
    """`verify` derives the labels of the training set again from the landed files, and finds no difference."""
    folder = {
        "two texts": lambda: folder_of(["one", "two"], "string", lambda row: (f"{row // 2}|a"[: 2 + row], f"|{row}")),
        "null parts": lambda: folder_of(["one", "two"], "string", null_at(1, 2, (3, 20, 39))),
        "moments": lambda: folder_of(["id"], "timestamp", lambda row: (NOON + timedelta(microseconds=row),)),
        "whole numbers": lambda: folder_of(["id"], "integer", lambda row: (2**63 - 1 - row,)),
    }[kind]()
    play = played(folder)
    assert_own_labels(play, folder)
    found = invariants.run(shared_database.url, play.ctx.lake, None, {play.ctx.name: play.ctx.case})
    (labels,) = [each for each in found if each.invariant == "I13"]
    assert [breach for breach in labels.breaches if play.ctx.name in breach] == []
    assert not any(play.ctx.name in note for note in labels.notes), labels.notes
    assert labels.rows >= 70
