"""What is found in a file: its dialect and the types of its columns."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatehouse.adapters.sources.file_formats import read_table
from gatehouse.core.config.dialect import Dialect
from gatehouse.proposal.column_types import infer
from gatehouse.proposal.dialects import sniff
from gatehouse.proposal.gather import gather
from unit.adapters.sources import test_exports

words = st.text(st.characters(categories=["L"], codec="cp1252"), min_size=1, max_size=8)
tables = st.lists(st.tuples(words, words, st.integers(0, 999).map(str)), min_size=3, max_size=20)


@given(
    tables, st.sampled_from([",", ";", "\t", "|"]), st.sampled_from(["utf-8", "utf-16", "cp1252"]), st.integers(0, 2)
)
def test_a_file_is_read_as_it_was_written(
    table: list[tuple[str, str, str]], delimiter: str, encoding: str, titles: int
) -> None:
    """The dialect that is found gives the columns and rows that were written."""
    sink = io.StringIO(newline="")
    sink.write("a title\n" * titles)
    writer = csv.writer(sink, delimiter=delimiter)
    writer.writerows([("name", "place", "size"), *table])
    data = sink.getvalue().encode(encoding)
    found = sniff(data)
    frame = read_table(data, "rows.csv", Dialect.model_validate(found))
    assert list(frame.columns) == ["name", "place", "size"]
    assert len(frame) == len(table)
    assert found.get("delimiter", ",") == delimiter
    if found.get("encoding", "utf-8") == encoding:  # texts of ASCII letters are the same in several encodings
        assert [tuple(row) for row in frame.to_numpy()] == table


@pytest.mark.parametrize(
    ("values", "kind", "key"),
    [
        (["1", "-20", "300"], "integer", None),
        (["1.5", "2"], "number", None),
        (["0012", "0400"], "string", None),
        (["true", "FALSE"], "boolean", None),
        (["yes", "no"], "boolean", ("truth", ("yes", "no"))),
        (["2024-01-31", "2024-02-01"], "date", None),
        (["2024-01-31 10:00", "2024-02-01T11:00:00Z"], "timestamp", None),
        (["31/01/2024", "01/02/2024"], "date", ("date_format", "%d/%m/%Y")),
        (["01/31/2024 10:00", "02/01/2024 09:30"], "timestamp", ("date_format", "%m/%d/%Y %H:%M")),
        (["03/01/2024", "04/01/2024", "01/02/2024"], "date", ("date_format", "%d/%m/%Y")),
        (["1", "-", "2"], "integer", ("nulls", ("-",))),
        (["12.5 %", "-3 %", "0 %"], "number", ("unit", "%")),
        (["$1,200", "-$5", "$30", "$2,500", "$1,000,000"], "integer", ("unit", "$")),
        (["1,200", "15,300", "7", "1,050,000"], "integer", None),
        (["1.200", "15.300", "7", "2.000"], "integer", None),
        (["1.200", "0.300", "7", "2.000"], "number", None),
        (["1,200", "15,300", "7,125", "2,000"], "number", None),
        (["0", "5 %", "7 %"], "integer", ("unit", "%")),
        (["1", "2", "3", "5 %"], "string", None),
        (["EUR 1.5", "EUR 20"], "string", None),
        ([f"{number} kg" for number in range(30)], "integer", ("unit", "kg")),
        ([f"{number}. Street" for number in range(30)], "string", None),
        (["A1", "A2", "B3"], "string", None),
        (["10 am", "11 am"], "string", None),
        (["1,200.50", "(30.25)", "(4)"], "number", ("negative", "parentheses")),
        (["1.5-", "2.0"], "number", ("negative", "trailing")),
        (["5 %", "7 kg"], "string", None),
        (["a", "b", "1"], "string", None),
        ([], "string", None),
    ],
)
def test_a_type_holds_all_values(values: list[str], kind: str, key: tuple[str, object] | None) -> None:
    """The type and the keys are those under which every value of the column is read."""
    guess = infer({"c": values}).columns["c"]
    assert guess.type == kind
    if key is not None:
        assert getattr(guess, key[0]) == key[1]


NUMBERS = [str(number) for number in range(18, 80)]
DAYS = [f"{day:02}.{month:02}.2023" for month in range(1, 4) for day in range(1, 29)]


@pytest.mark.parametrize(("values", "kind"), [(NUMBERS, "integer"), (["0,5", *NUMBERS], "number"), (DAYS, "date")])
@pytest.mark.parametrize("words", [["k.A."], ["keine Angabe", "fehlt"]])
@pytest.mark.parametrize("place", [0, 30])
def test_a_word_among_many_values_stands_for_a_missing_one(
    values: list[str], kind: str, words: list[str], place: int
) -> None:
    """The column has the type of its values, the word is one of its nulls, and a note tells a person of it."""
    guess = infer({"c": [*values[:place], *words, *values[place:]], "d": ["1,25"]}).columns["c"]
    assert guess.type == kind
    assert set(guess.nulls) == set(words)
    assert repr(words[0]) in guess.note


@pytest.mark.parametrize(
    "values", [["S", "M", "L", *NUMBERS], ["k.A.", *NUMBERS[:19]], ["k.A.", *(f"A{number}" for number in NUMBERS)]]
)
def test_several_words_or_few_values_make_a_text(values: list[str]) -> None:
    """Three words are values of their own, a word beside few numbers may be one, and codes stay texts with all their words."""
    guess = infer({"c": values}).columns["c"]
    assert (guess.type, guess.nulls) == ("string", ())


@pytest.mark.parametrize(
    "form", ["%b %d %Y", "%b %d, %Y", "%B %d, %Y", "%d %B %Y", "%d-%b-%y", "%Y.%m.%d", "%a, %d %b %Y", "%b %d %Y %H:%M"]
)
def test_dates_with_the_name_of_a_month_are_found(form: str) -> None:
    """Days as people write them: the format that is found reads each of them as it was."""
    days = pd.date_range("2023-11-28", periods=40, freq="31h")
    guess = infer({"c": [day.strftime(form) for day in days]}).columns["c"]
    assert guess.date_format is not None
    again = [datetime.strptime(day.strftime(form), guess.date_format) for day in days]
    assert again == [datetime.strptime(day.strftime(form), form) for day in days]
    assert guess.type == ("timestamp" if "%H" in form else "date")


def test_epochs_are_found_by_name_and_length() -> None:
    """Thirteen digits are milliseconds in a column that is called a time, and a number elsewhere."""
    values = ["1709649000000", "1709649000001"]
    found = infer({"created_at": values, "account": values}).columns
    assert (found["created_at"].type, found["created_at"].epoch_unit) == ("timestamp", "ms")
    assert found["account"].type == "integer"


def test_one_number_style_is_for_all_columns() -> None:
    """The style is the one under which the most columns are numbers."""
    found = infer({"a": ["1.234,5", "2,25"], "b": ["0,5", "1"], "c": ["x"]})
    assert (found.decimal, found.thousands) == (",", ".")
    assert [guess.type for guess in found.columns.values()] == ["number", "number", "string"]


@pytest.mark.parametrize("title", sorted(set(test_exports.SECTIONS) - {"Local times", "Texts that mean nothing"}))
def test_the_files_of_the_how_to_page_are_found(tmp_path: Path, title: str) -> None:
    """What a person would have to set for a file is found in it: all values are read. Two files hold too few rows for it."""
    text, source = test_exports.SECTIONS[title]
    path = tmp_path / source["pattern"].format(table="rows", key="2024-03")
    path.write_bytes(test_exports.BYTES.get(title, str.encode)(text))
    rows = gather(path).rows.iloc[:, :5]
    expected = test_exports.expected(test_exports.NOTES.get(title, "first"))
    pd.testing.assert_frame_equal(rows.set_axis(list(expected), axis=1), expected)
