"""What every source does with what it got: declared types where the delivery fits, as it came where it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gatehouse.adapters import parquet
from gatehouse.columns.values import is_null
from gatehouse.core.contract.batch_calendar import batch_interval
from gatehouse.errors import ConfigurationError, SchemaMismatchError, SourceError
from gatehouse.ports import PartsDifferError
from gatehouse.table_types import read_declared, undeclared

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pandas as pd

    from gatehouse.core.config.contract import Contract


def tables(contract: Contract, frames: Mapping[str, pd.DataFrame], where: Mapping[str, str]) -> dict[str, pd.DataFrame]:
    """The tables of a batch, ready to land; `where` says for each table what it was read from.

    A table that lacks a column, has another one, or holds what its types do not allow is returned as it was delivered:
    so it lands, nothing is lost, and validation quarantines its unreadable rows, or the batch, by name.
    """
    return {name: _landable(contract, name, frame, where[name]) for name, frame in frames.items()}


def declared_parts(contract: Contract, name: str, parts: Iterable[pd.DataFrame], where: str) -> Iterator[pd.DataFrame]:
    """The parts of a table as declared types. PartsDifferError where one does not fit: then `delivered_parts` land."""
    spec, first = contract.tables[name], None
    for part in parts:
        try:
            declared = read_declared(part, spec.columns, where, spec.key, contract.dialect(name))
        except SchemaMismatchError as error:
            raise PartsDifferError(where) from error
        first = declared.frame.dtypes if first is None else first
        if declared.cells or undeclared(declared.frame) or not declared.frame.dtypes.equals(first):
            raise PartsDifferError(where)
        yield declared.frame


def delivered_parts(parts: Iterable[pd.DataFrame], where: str) -> Iterator[pd.DataFrame]:
    """The parts of a table as they were delivered. PartsDifferError where their types differ: then the whole table lands."""
    first = None
    for part in parts:
        frame = _storable(part, where)
        first = frame.dtypes if first is None else first
        if not frame.dtypes.equals(first):
            raise PartsDifferError(where)
        yield frame


def outcomes(contract: Contract, frame: pd.DataFrame, where: str) -> pd.DataFrame:
    """The outcomes as declared, or as they were delivered where a cell cannot be read: the stage names those rows.

    Raises SchemaMismatchError for a missing or repeated column: such outcomes have not arrived."""
    spec = contract.outcomes
    declared = read_declared(frame, spec.columns, f"{where}, outcomes", spec.key, contract.dialect("outcomes"))
    return frame if declared.cells else declared.frame


def sorted_keys(contract: Contract, keys: Iterable[str], where: str) -> list[str]:
    """The keys of a source in the order of time, each once; SourceError for one that is not a key of the contract's
    kind.
    """
    found = set(keys)
    for key in found:
        try:
            batch_interval(contract.frequency, key)
        except ConfigurationError as error:
            raise SourceError(f"{where}: {error}") from error
    return sorted(found)


def _landable(contract: Contract, name: str, frame: pd.DataFrame, where: str) -> pd.DataFrame:
    spec = contract.tables.get(name)
    if spec is None:
        allowed = ", ".join(contract.tables)
        raise SourceError(f"{where}: table {name!r} is not in contract.yaml (data engineer); declared: {allowed}")
    try:
        declared = read_declared(frame, spec.columns, f"{where}, table {name!r}", spec.key, contract.dialect(name))
    except SchemaMismatchError:
        return _storable(frame, f"{where}, table {name!r}")
    fits = not declared.cells and not undeclared(declared.frame)
    return declared.frame if fits else _storable(frame, f"{where}, table {name!r}")


def _storable(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    """The frame as delivered; columns whose mixed values no file can hold become the text of each value."""
    repeated = frame.columns[frame.columns.duplicated()]
    if len(repeated):
        raise SourceError(f"{where}: column {str(repeated[0])!r} appears more than once; a table has each column once")
    frame = frame.reset_index(drop=True).rename(columns=str)
    for name in frame.columns:
        try:
            parquet.encode(frame[[name]])
        except ValueError:
            frame[name] = [_text(value) for value in frame[name].astype("object")]
    return frame


def _text(value: Any) -> str | None:
    return None if is_null(value, "string") else str(value).encode(errors="replace").decode()
