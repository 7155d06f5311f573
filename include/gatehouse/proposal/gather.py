"""Reads exported files once: their dialect, their types, and all rows as declared."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from gatehouse.adapters.sources.compression import unpacked
from gatehouse.adapters.sources.file_formats import FORMATS, adapted, read_table, suffix_of
from gatehouse.core.config.dialect import Dialect
from gatehouse.errors import InvalidInputError
from gatehouse.proposal.column_types import Guesses, infer
from gatehouse.proposal.dialects import sniff
from gatehouse.proposal.exported import Exported, renamed_columns
from gatehouse.table_types import read_declared

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd

_MOST_TEXTS = 200_000  # different texts of a column that types are found from


def gather(path: Path) -> Exported:
    """Read a file, the files of a pattern, or all files of a folder that have its commonest suffix."""
    import pandas as pd

    address, files = _files(path)
    dialect: dict[str, Any] = {}
    first = files[0].read_bytes()
    if suffix_of(files[0].name) in (".csv", ".tsv", ".txt"):
        dialect = sniff(unpacked(first, files[0].name))
    frames = [read_table(file.read_bytes(), str(file), Dialect.model_validate(_tuples(dialect))) for file in files]
    different = next((file for file, frame in zip(files, frames, strict=True) if set(frame) != set(frames[0])), None)
    if different is not None:
        raise InvalidInputError(
            "the files have different columns",
            found=f"{different.name} and {files[0].name}",
            allowed="the files of one table",
        )
    raw = pd.concat(frames, ignore_index=True)
    if renamed := renamed_columns([str(column) for column in raw.columns]):
        dialect["rename"] = renamed
    raw = adapted(raw, address, Dialect(rename=renamed))
    types, keys, notes = _types(raw)
    dialect |= keys
    found = read_declared(raw, types, address, (), Dialect.model_validate(_tuples(dialect)))  # type: ignore[arg-type]
    for name in dict.fromkeys(cell.column for cell in found.cells):
        notes.append(f"column {name!r}: not all values are of type {types[name]}; it is read as text")
        types[name] = "string"
    typed = read_declared(raw, types, address, (), Dialect.model_validate(_tuples(dialect))).frame  # type: ignore[arg-type]
    return Exported(address, len(files), dialect, types, typed, tuple(notes))


def _files(path: Path) -> tuple[str, Sequence[Path]]:
    path = path.resolve()
    if path.is_file():
        if not path.name.endswith(FORMATS):
            raise InvalidInputError("Gatehouse does not read this file", found=str(path), allowed=", ".join(FORMATS))
        return str(path), [path]
    pattern = path / "*" if path.is_dir() else path
    there = matching(pattern)
    suffixes = Counter(suffix for file in there if (suffix := _whole_suffix(file.name)))
    if not suffixes:
        raise InvalidInputError("there is no file that Gatehouse reads", found=str(pattern), allowed=", ".join(FORMATS))
    suffix = suffixes.most_common(1)[0][0]
    chosen = [file for file in there if file.name.endswith(suffix)]
    if pattern != path:
        return f"{path}/*{suffix}", chosen
    if len(chosen) < len(there):
        other = next(file.name for file in there if file not in chosen)
        raise InvalidInputError(
            "the pattern matches files of several formats",
            found=f"{chosen[0].name} and {other}",
            allowed="a pattern for one format, such as 'exports/orders_*.csv'",
        )
    return str(pattern), chosen


def matching(pattern: Path) -> list[Path]:
    """The files that a pattern in the last part of a path matches, without hidden ones."""
    return [file for file in sorted(pattern.parent.glob(pattern.name)) if file.is_file() and file.name[0] not in "._"]


def _whole_suffix(name: str) -> str:
    return max((suffix for suffix in FORMATS if name.endswith(suffix)), key=len, default="")


def _types(raw: pd.DataFrame) -> tuple[dict[str, str], dict[str, Any], list[str]]:
    """The types, the dialect keys about values, and the notes."""
    kinds = {str(name): None if str(raw[name].dtype) == "str" else _typed(raw[name]) for name in raw.columns}
    looked_at = {name: raw[name] for name, kind in kinds.items() if kind in (None, "integer")}
    different = {name: column.dropna().unique()[:_MOST_TEXTS] for name, column in looked_at.items()}
    guesses = infer({name: [str(value) for value in values] for name, values in different.items()})
    types = {name: kind or guesses.columns[name].type for name, kind in kinds.items()}
    types |= {name: "timestamp" for name, guess in guesses.columns.items() if guess.epoch_unit}
    notes = [f"column {name!r}: {guess.note}" for name, guess in guesses.columns.items() if guess.note]
    return types, _keys(guesses), notes


def _keys(guesses: Guesses) -> dict[str, Any]:
    keys: dict[str, Any] = {}
    if guesses.decimal != ".":
        keys["decimal"] = guesses.decimal
    if guesses.thousands is not None:
        keys["thousands"] = guesses.thousands
    nulls = {name: list(guess.nulls) for name, guess in guesses.columns.items() if guess.nulls}
    formats = {name: guess.date_format for name, guess in guesses.columns.items() if guess.date_format}
    units = {name: guess.epoch_unit for name, guess in guesses.columns.items() if guess.epoch_unit}
    truths = list(dict.fromkeys(guess.truth for guess in guesses.columns.values() if guess.truth))
    beside = {name: [guess.unit] for name, guess in guesses.columns.items() if guess.unit}
    negative = next((guess.negative for guess in guesses.columns.values() if guess.negative), None)
    found = {
        "negative": negative, "units": beside, "null_values": nulls, "date_format": formats, "epoch_unit": units,
    }  # fmt: skip
    keys |= {key: value for key, value in found.items() if value}
    if truths:
        keys |= {"true_values": [pair[0] for pair in truths], "false_values": [pair[1] for pair in truths]}
    return keys


def _typed(column: pd.Series[Any]) -> str:
    """The type of a column that is typed in its file."""
    dtype = str(column.dtype).lower()
    if dtype.startswith("datetime64"):
        return "date" if dtype == "datetime64[s]" else "timestamp"
    kinds = {"int64": "integer", "uint64": "unsigned", "float64": "number", "bool": "boolean", "boolean": "boolean"}
    if dtype in kinds:
        return kinds[dtype]
    values = list(column.dropna().head(1000))
    if values and all(type(value) is bool for value in values):
        return "boolean"
    if values and all(isinstance(value, int) for value in values):
        return "integer"
    return "string" if not values or isinstance(values[0], str) else "decimal"


def _tuples(dialect: Mapping[str, Any]) -> dict[str, Any]:
    """The dialect with tuples for lists, as strict models take them."""

    def one(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: one(each) for key, each in value.items()}
        return tuple(value) if isinstance(value, list) else value

    return {key: one(value) for key, value in dialect.items()}
