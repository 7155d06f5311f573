"""The profile of a table."""

from __future__ import annotations

import json
import weakref
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from gatehouse.core.audit.canonical_json import canonical
from gatehouse.core.profiling import CategoricalProfile, NumericProfile, Profile, profile_of, profile_of_parts
from gatehouse.errors import SchemaMismatchError


def frame(rows: int = 200, seed: int = 0) -> pd.DataFrame:
    """A column of every kind a contract can declare, with nulls."""
    generator = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "number": np.where(generator.random(rows) < 0.1, np.nan, generator.normal(size=rows)),
            "integer": pd.array(generator.integers(0, 9, rows), dtype="Int64").astype("Int64"),
            "text": pd.array(generator.choice(["UA", "DL", None], rows), dtype="string"),
            "flag": generator.random(rows) < 0.5,
            "when": pd.date_range("2013-01-01", periods=rows, freq="h", tz="UTC"),
        }
    )


def test_arrow_pandas_and_mappings_give_one_profile() -> None:
    """The same columns give the same profile whatever holds them, in one chunk or in several."""
    data = frame()
    table = pa.Table.from_pandas(data, preserve_index=False)
    chunks = pa.concat_tables([table.slice(0, 50), table.slice(50)])
    documents = [profile_of(each).to_document() for each in (data, table, chunks, dict(data.items()))]
    assert all(canonical(document) == canonical(documents[0]) for document in documents)


def test_columns_are_read_by_their_type() -> None:
    """Numbers are numeric; text, booleans and the parts of a timestamp are categorical."""
    columns = profile_of(frame()).columns
    assert list(columns) == ["number", "integer", "text", "flag", "when.hour", "when.weekday"]
    assert [name for name, each in columns.items() if isinstance(each, NumericProfile)] == ["number", "integer"]
    flag, text, weekday = columns["flag"], columns["text"], columns["when.weekday"]
    assert isinstance(flag, CategoricalProfile)
    assert set(flag.categories) == {"true", "false"}
    assert isinstance(text, CategoricalProfile)
    assert text.nulls == frame()["text"].isna().sum()
    assert isinstance(weekday, CategoricalProfile)
    assert weekday.categories[0] == "2"


def test_dictionary_encoded_text_is_text() -> None:
    """A pandas category or an Arrow dictionary gives the profile of its plain text."""
    plain = profile_of({"text": ["a", "b", "a", None]})
    assert profile_of({"text": pd.Categorical(["a", "b", "a", None])}).to_document() == plain.to_document()
    table = pa.table({"text": pa.array(["a", "b", "a", None]).dictionary_encode()})
    assert profile_of(table).to_document() == plain.to_document()


def test_a_batch_is_profiled_on_the_references_grid() -> None:
    """With `like` only the reference's columns are profiled, on its grids; the reference on its own is unchanged."""
    reference = profile_of(frame())
    batch = profile_of(frame(50, seed=1).assign(extra=1), like=reference)
    assert list(batch.columns) == list(reference.columns)
    assert canonical(profile_of(frame(), like=reference).to_document()) == canonical(reference.to_document())


def test_partitions_of_a_table_merge_to_the_whole() -> None:
    """A table's profile is that of its partitions merged."""
    data, reference = frame(300), profile_of(frame(100, seed=9))
    merged = profile_of(data[:120], reference).merge(profile_of(data[120:], reference))
    whole = profile_of(data, reference)
    for name, column in whole.columns.items():
        assert list(merged.columns[name].cells) == list(column.cells)
        assert merged.columns[name].nulls == column.nulls


def test_documents_survive_json_and_name_an_unknown_version() -> None:
    """A profile read back from JSON is the one that was written; another version is refused."""
    document = json.loads(canonical(profile_of(frame()).to_document()))
    assert canonical(Profile.from_document(document).to_document()) == canonical(document)
    with pytest.raises(SchemaMismatchError, match="found 2; allowed: 1"):
        Profile.from_document({**document, "version": 2})


def test_an_all_null_column_is_profiled_on_any_reference() -> None:
    """Nothing but nulls is no change of type: the batch has rows, nulls and no values."""
    reference = profile_of({"number": [1.0, 2.0], "text": ["a", "b"]})
    batch = profile_of({"number": [None, None], "text": [None, None]}, like=reference)
    assert [(column.rows, column.nulls, column.values) for column in batch.columns.values()] == [(2, 2, 0)] * 2


def test_an_empty_table_has_empty_columns() -> None:
    """No rows at all are profiled without an error, as a batch and as a reference."""
    empty = frame().iloc[:0]
    assert {column.rows for column in profile_of(empty).columns.values()} == {0}
    assert {column.rows for column in profile_of(empty, like=profile_of(frame())).columns.values()} == {0}


@pytest.mark.parametrize(
    ("known", "found", "message"),
    [
        ([1.0], ["a"], "'c' is numeric in the reference; found string"),
        (["a"], [1.0], "'c' is categorical in the reference; found double"),
        ([1.0], [[1], [2]], "'c' cannot be profiled; found list"),
        ([1.0], ["a", 1], "'c' mixes types"),
    ],
)
def test_a_column_of_another_type_is_named(known: list[object], found: list[object], message: str) -> None:
    """A column that cannot be read as the reference's type is a SchemaMismatchError with its name and both types."""
    with pytest.raises(SchemaMismatchError, match=message):
        profile_of({"c": found}, like=profile_of({"c": known}))


def test_profiles_of_different_columns_do_not_merge() -> None:
    """Merging is refused when a column is missing on one side or is of another kind."""
    with pytest.raises(SchemaMismatchError, match=r"\['b'\] are in one only"):
        profile_of({"a": [1]}).merge(profile_of({"a": [1], "b": [1]}))
    with pytest.raises(SchemaMismatchError, match="numeric in one"):
        profile_of({"a": [1]}).merge(profile_of({"a": ["x"]}))


def test_parts_give_the_profile_of_the_whole_and_are_held_one_at_a_time() -> None:
    """Row groups that come one by one, empty ones among them, give what the whole gives; each is let go of before the next."""
    whole, reference = pa.Table.from_pandas(frame(), preserve_index=False), profile_of(frame(500, seed=1))
    alive: list[weakref.ref[pa.Table]] = []

    def parts() -> Iterator[pa.Table]:
        for start, rows in ((0, 70), (70, 0), (70, 30), (100, 100)):
            assert not any(each() is not None for each in alive), "an earlier part is still held"
            part = whole.slice(start, rows)
            alive.append(weakref.ref(part))
            yield part
            del part

    found = profile_of_parts(parts(), like=reference).columns
    for name, column in profile_of(whole, like=reference).columns.items():
        one, other = found[name].to_document(), column.to_document()
        moments = one.pop("moments", []), other.pop("moments", [])
        assert canonical(one) == canonical(other)
        assert moments[0] == pytest.approx(moments[1])
    assert profile_of_parts([]).columns == {}
