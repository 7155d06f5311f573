"""What the sources `postgres` and `sql` share: one query a table, with the batch's interval as bound parameters.

The query `outcomes` gives the outcomes. All queries of a batch run in one session of the database, which reads only.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gatehouse.adapters.sources import normalise
from gatehouse.core.contract.batch_calendar import batch_interval, batch_key, keys_between
from gatehouse.errors import ConfigurationError
from gatehouse.ports import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    import pandas as pd

    from gatehouse.core.config.contract import Contract
    from gatehouse.core.contract.batch_calendar import Interval
    from gatehouse.ports import Ways

    Read = Callable[[str, Interval], Generator[pd.DataFrame, None, None]]

OUTCOMES = "outcomes"
CHUNK = 65_536  # rows that are fetched at once


class Database(ABC):
    """Where the queries run."""

    @abstractmethod
    def now(self) -> datetime:
        """The moment by which an interval has ended."""

    @abstractmethod
    def session(self, what: str) -> AbstractContextManager[Read]:
        """Read queries, all from one state of the database; each answer comes in frames of `CHUNK` rows, at least one.
        `what` stands in the messages of errors."""


class QuerySource(Source):
    """The contract's queries, asked of the database that `connect` gives; nothing is opened before it is asked."""

    def __init__(self, contract: Contract, queries: Mapping[str, str], connect: Callable[[], Database]) -> None:
        self._contract, self._queries, self._connect = contract, queries, connect
        wanted = {*contract.tables, OUTCOMES}
        if set(queries) != wanted:
            what = "one query for each table and one for the outcomes"
            raise wrong(what, "queries", sorted(queries), ", ".join(sorted(wanted)))

    def available(self) -> list[str]:
        """The keys of the contract whose interval has ended by the database's clock."""
        contract, now = self._contract, self._connect().now()
        last = min(filter(None, (contract.last_batch, batch_key(contract.frequency, now))))
        keys = keys_between(contract.frequency, contract.first_batch, last) if last >= contract.first_batch else []
        return [key for key in keys if batch_interval(contract.frequency, key).end <= now]

    def fetch(self, key: str, interval: Interval) -> Mapping[str, pd.DataFrame]:
        """The answers of the tables' queries, all from one state of the database."""
        with self._connect().session(key) as read:
            frames = {name: _whole(read(self._queries[name], interval)) for name in self._contract.tables}
        return normalise.tables(self._contract, frames, {name: f"query {name!r} for {key}" for name in frames})

    @contextmanager
    def parts(self, key: str, interval: Interval) -> Iterator[Mapping[str, Ways]]:
        """The answers as they come out of the database. An answer whose values do not fit is asked for again as a whole."""
        with self._connect().session(key) as read:
            yield {name: self._ways(read, name, key, interval) for name in self._contract.tables}

    def _ways(self, read: Read, name: str, key: str, interval: Interval) -> Ways:
        where, query = f"query {name!r} for {key}", self._queries[name]

        def declared() -> Iterator[pd.DataFrame]:
            with closing(read(query, interval)) as chunks:
                yield from normalise.declared_parts(self._contract, name, chunks, f"{where}, table {name!r}")

        def whole() -> list[pd.DataFrame]:
            frames = {name: _whole(read(query, interval))}
            return [normalise.tables(self._contract, frames, {name: where})[name]]

        return [declared, whole]

    def outcomes(self, key: str, interval: Interval) -> pd.DataFrame | None:
        """The answer of the query `outcomes`, or None while it is empty."""
        with self._connect().session(key) as read:
            frame = _whole(read(self._queries[OUTCOMES], interval))
        return None if frame.empty else normalise.outcomes(self._contract, frame, f"query {OUTCOMES!r} for {key}")


def chunk(rows: Sequence[Sequence[Any]], columns: Sequence[str]) -> pd.DataFrame:
    """Some rows of an answer. A column whose values have one type of Python has the type of pandas that holds them all;
    any other stays as the driver gave it."""
    import pandas as pd

    values = list(zip(*rows, strict=True)) or [()] * len(columns)
    frame = pd.DataFrame({number: _column(column) for number, column in enumerate(values)}, index=range(len(rows)))
    return frame.set_axis(list(columns), axis=1)


def wrong(what: str, key: str, found: Any, allowed: str) -> ConfigurationError:
    """An error of the contract's source."""
    return ConfigurationError(
        what, where=f"contract.yaml: source.{key}", found=str(found), allowed=allowed, owner="data engineer"
    )


def sentence(error: BaseException | None) -> str:
    """The message of a driver on one line."""
    return " ".join(str(error).split())


def _column(values: Sequence[Any]) -> pd.Series[Any]:
    import numpy as np
    import pandas as pd

    kinds = set(map(type, values)) - {type(None)}
    dtypes: dict[type, Any] = {
        int: pd.Int64Dtype(), bool: pd.BooleanDtype(), str: pd.StringDtype(na_value=np.nan), float: np.dtype("float64"),
        datetime: pd.DatetimeTZDtype("us", "UTC"),
    }  # fmt: skip
    dtype = dtypes.get(next(iter(kinds))) if len(kinds) == 1 else None
    if datetime in kinds and any(value is not None and value.tzinfo is not UTC for value in values):
        dtype = None
    try:
        return pd.Series(values, dtype=dtype or "object")
    except (OverflowError, TypeError, ValueError):  # beyond 64 bits, or no text: by value, with its reason
        return pd.Series(values, dtype="object")


def _whole(chunks: Iterator[pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    return pd.concat(list(chunks), ignore_index=True)
