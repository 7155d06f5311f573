"""A random table, written in a random dialect, is read back equal; both CSV readers give the same."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from gatehouse.adapters.sources import csv_arrow, csv_text
from gatehouse.adapters.sources.file_formats import adapted, read_table
from gatehouse.columns import read
from gatehouse.core.config.dialect import Dialect
from gatehouse.table_types import read_declared

COLUMNS = {
    "id": "integer",
    "price": "decimal",
    "speed": "number",
    "at": "timestamp",
    "open": "boolean",
    "note": "string",
}
FORMATS = ("%d/%m/%Y %H:%M:%S", "%m-%d-%y %I:%M:%S %p", "%Y%m%d%H%M%S", "%d.%m.%Y %H:%M:%S.%f")
FIRST = datetime(1970, 1, 2, tzinfo=UTC)

moments = st.integers(0, 2**31 - 200_000).map(lambda seconds: FIRST + timedelta(seconds=seconds))
notes = st.text(st.characters(codec="cp1252", exclude_characters="\0"), max_size=8).filter(
    lambda text: text.strip() not in ("", "-", "N/A") and not text.startswith("#")
)
rows = st.lists(
    st.tuples(
        st.integers(-(2**63), 2**63 - 1),
        st.none() | st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=4),
        st.none() | st.floats(allow_nan=False, allow_infinity=False, width=32),
        st.none() | moments,
        st.none() | st.booleans(),
        st.none() | notes,
    ),
    min_size=1,
    max_size=6,
)


spelled = [
    r"-?\d{1,20}", r"\+?\d{1,3}(\.0)?", r"-?\d{1,16}\.\d{1,20}", r"\d(e|E)[+-]?\d{1,3}", r"(NA|null| 1|)",
    r"[0-2]\d{3}-(0\d|1[0-2])-[0-3]\d", r"[12]\d{3}-(0\d|1[0-2])-[0-3]\d[T ][0-2]\d:[0-6]\d:[0-6]\d(\.\d{1,7})?Z?",
]  # fmt: skip
texts = st.sampled_from(spelled).flatmap(lambda form: st.from_regex(re.compile(form, re.ASCII), fullmatch=True))


@st.composite
def dialects(draw: st.DrawFn) -> Dialect:
    """Any dialect whose marks do not get into each other's way."""
    decimal = draw(st.sampled_from(".,"))
    thousands = draw(st.sampled_from([None, " ", "'", "_", "." if decimal == "," else ","]))
    in_epochs = draw(st.booleans())
    return Dialect(
        encoding=draw(st.sampled_from(["utf-8", "utf-16", "cp1252"])),
        delimiter=draw(st.sampled_from([",", ";", "\t", "|"])),
        quote=draw(st.sampled_from(['"', "'"])),
        escape=draw(st.sampled_from([None, "\\"])),
        header=draw(st.sampled_from([0, 1, 2])),
        names=tuple(COLUMNS),
        skip=draw(st.integers(0, 2)),
        footer=draw(st.integers(0, 2)),
        comment=draw(st.sampled_from([None, "#"])),
        drop=draw(st.sampled_from([(), ("nothing",)])),
        decimal=decimal,  # type: ignore[arg-type]
        thousands=thousands,  # type: ignore[arg-type]
        negative=draw(st.sampled_from([None, "parentheses", "trailing"])),
        units=draw(st.sampled_from([(), ("%", "EUR"), ("$",)])),
        null_values=draw(st.sampled_from([(), ("-", "N/A")])),
        date_format=None if in_epochs else draw(st.sampled_from([None, *FORMATS])),
        epoch_unit=draw(st.sampled_from(["s", "ms", "us", "ns"])) if in_epochs else None,
        timezone=draw(st.sampled_from([None, "Europe/Berlin", "Asia/Kolkata"])),
        repeated_hour="first",
        true_values=draw(st.sampled_from([(), ("Ja",)])),
        false_values=draw(st.sampled_from([(), ("Nein",)])),
    )


def number(value: Any, dialect: Dialect) -> str:
    """A number with the dialect's marks."""
    text = f"{value:,f}" if isinstance(value, (int, Decimal)) else f"{Decimal(value):,f}"
    text = f"{value:,}" if isinstance(value, int) else text
    marks = {",": dialect.thousands or "", ".": dialect.decimal}
    written = "".join(marks.get(mark, mark) for mark in text)
    if written[0] == "-" and dialect.negative is not None:
        written = f"({written[1:]})" if dialect.negative == "parentheses" else f"{written[1:]}-"
    return {2: f"{written} EUR", 1: f"${written}"}.get(len(dialect.units), written)


def moment(value: datetime, dialect: Dialect) -> str:
    """A moment as the dialect writes it."""
    if dialect.epoch_unit is not None:
        return str(int(value.timestamp()) * {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[str(dialect.epoch_unit)])
    local = value.astimezone(ZoneInfo(str(dialect.timezone or "UTC")))
    if isinstance(dialect.date_format, str):
        return local.strftime(dialect.date_format)
    return local.replace(tzinfo=None).isoformat()


def cell(name: str, value: Any, dialect: Dialect) -> str:
    """A value as the dialect writes it."""
    if value is None:
        return str(dialect.null_values[0]) if isinstance(dialect.null_values, tuple) and dialect.null_values else ""
    if name == "note":
        return str(value)
    if name == "at":
        return moment(value, dialect)
    if name == "open":
        texts = dialect.true_values if value else dialect.false_values
        return texts[0] if texts else str(value)
    return number(value, dialect)


def written(table: list[tuple[Any, ...]], dialect: Dialect) -> bytes:
    """The table as a file."""
    sink = io.StringIO(newline="")
    sink.write("a title\n" * dialect.skip)
    writer = csv.writer(
        sink, delimiter=dialect.delimiter, quotechar=dialect.quote, escapechar=dialect.escape,
        doublequote=dialect.escape is None, quoting=csv.QUOTE_MINIMAL,
    )  # fmt: skip
    for line in range(dialect.header):
        writer.writerow([f"{name} {line}" for name in COLUMNS])
    for row in table:
        if dialect.comment:
            sink.write(f'{dialect.comment} a "remark\n')
        writer.writerow([cell(name, value, dialect) for name, value in zip(COLUMNS, row, strict=True)])
    sink.write("Total\n" * dialect.footer)
    return sink.getvalue().encode(dialect.encoding)


def repeated(value: datetime, zone: str) -> bool:
    """Whether the zone's clocks show this time a second time."""
    return bool(value.astimezone(ZoneInfo(zone)).fold)


@given(rows, dialects())
def test_a_table_comes_back_equal_in_every_dialect(table: list[tuple[Any, ...]], dialect: Dialect) -> None:
    """No value changes on its way through any dialect."""
    zone = str(dialect.timezone or "UTC")
    table = [(*row[:3], None if row[3] and repeated(row[3], zone) else row[3], *row[4:]) for row in table]
    data = written(table, dialect)
    frame = adapted(read_table(data, "rows.csv", dialect), "rows.csv", dialect)
    found = read_declared(frame, COLUMNS, "rows", ("id",), dialect)  # type: ignore[arg-type]
    assert found.cells == ()
    assert list(found.frame["id"]) == [row[0] for row in table]
    assert [None if pd.isna(value) else value for value in found.frame["price"]] == [row[1] for row in table]
    for number_, name in ((2, "speed"), (3, "at"), (4, "open"), (5, "note")):
        read = [None if pd.isna(value) else value for value in found.frame[name]]
        assert read == [row[number_] for row in table]


@given(
    st.lists(
        st.sampled_from(["a", "1", " ", ",", ";", "\n", "\r\n", "\t", "é", '"', '""', '"x"', ',"y,\n"\n']), max_size=25
    ).map("".join),
    st.sampled_from(",;\t"),
    st.integers(0, 2),
    st.integers(0, 2),
)
def test_both_readers_agree(text: str, delimiter: str, skip: int, header: int) -> None:
    """Arrow's reader gives the values of Python's for each text that it takes, or leaves the text to it."""
    dialect = Dialect(delimiter=delimiter, skip=skip, header=header, names=("a", "b"))
    records = csv_text._records(text, "f.csv", dialect)
    try:
        _, lines = csv_text._header(records, "f.csv", dialect)
        arrow = csv_arrow.columns(text, ["a", "b"], lines, dialect)
        python = csv_text._columns(records, ["a", "b"], "f.csv", dialect)
    except csv_text.SourceError:
        return
    if arrow is not None:
        assert [column.to_pylist() for column in arrow] == [column.to_pylist() for column in python]


@given(st.lists(texts, min_size=1, max_size=4), st.sampled_from(["integer", "unsigned", "number", "date", "timestamp"]))
def test_whole_columns_are_read_as_single_values(column: list[str], declared: Any) -> None:
    """A column of texts gives the same values and refusals whether it is converted whole or text by text."""
    series = pd.Series(column, dtype="str")
    whole, bad = read(series, "c", declared, False)
    single, single_bad = read(series.astype("object"), "c", declared, False)
    pd.testing.assert_series_equal(whole, single)
    assert bad == single_bad


def test_arrow_does_not_take_what_python_refuses() -> None:
    """A ragged line is named by the line, so Arrow leaves it to Python's reader."""
    assert csv_arrow.columns("a,b\n1\n", ["a", "b"], 1, Dialect()) is None
