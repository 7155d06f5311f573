"""Rows and outcomes with keys of any types, in any order, repeated, null and contradicting; and the join in SQL."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg2
from hypothesis import strategies as st
from psycopg2.extras import execute_values

from gatehouse.backtest.context import BacktestContext
from gatehouse.core.contract.batch_calendar import Interval, batch_interval
from gatehouse.pipeline import gather, land, outcomes
from gatehouse.pipeline.validate import validate
from gatehouse.ports import Ledger, Source
from gatehouse.use_case import UseCase, load
from support.fakes import FakeLake
from support.folders import Folder
from support.played import same

MONTH, NEXT = "2024-01", "2024-02"
TYPES = {"string": "text", "integer": "bigint", "number": "float8", "boolean": "boolean", "timestamp": "timestamptz"}
TEXTS = [
    "a", "b", "a|b", "|", "a,b", '"', '","', "\\", "\\|", "'", " ", "a ", "A", "7", "007", "7.0", "nan", "None", "null",
    "\u00e9", "e\u0301", "\u212a", "K", "[", '["a"]', "\n", "true", "-0", "0", "\u0000b"[1:],
]  # fmt: skip
START = datetime(2024, 1, 1, tzinfo=UTC)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "string": st.sampled_from(TEXTS) | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=4),
    "integer": st.sampled_from([0, 1, -1, 2**53, 2**53 + 1, 2**63 - 1, -(2**63)]) | st.integers(-(2**63), 2**63 - 1),
    "number": st.sampled_from([0.0, -0.0, 0.1 + 0.2, 0.3, 1.0, 5e-324, 1.7e308, 2.0**53]) | st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "timestamp": st.integers(-10**9, 10**15).map(lambda micros: START + timedelta(microseconds=micros)),
}  # fmt: skip
Key = tuple[Any, ...]


@dataclass(frozen=True)
class Drawn:
    """The types of a key, the keys of a month's rows, and the keys and labels of its outcomes."""

    types: tuple[str, ...]
    rows: tuple[Key, ...]
    outcomes: tuple[tuple[Key, float | None], ...]


@st.composite
def deliveries(draw: st.DrawFn) -> Drawn:
    """A month over one small pool of keys, so that keys repeat, miss each other, and differ in one part only."""
    types = tuple(draw(st.lists(st.sampled_from(sorted(TYPES)), min_size=1, max_size=3)))
    pools = [draw(st.lists(VALUES[kind], min_size=1, max_size=4)) for kind in types]
    key = st.tuples(*(st.sampled_from(pool) | st.sampled_from([*pool, None]) for pool in pools))
    outcome = st.tuples(key, st.sampled_from([0.0, 1.0, 0.0, 1.0, None]))
    rows = draw(st.lists(key, min_size=1, max_size=16))
    return Drawn(types, tuple(rows), tuple(draw(st.lists(outcome, min_size=1, max_size=24))))


class Given(Source):
    """A source of one month, whose outcomes come with the next one."""

    def __init__(self, rows: pd.DataFrame, labels: pd.DataFrame) -> None:
        self._rows, self._labels = rows, labels

    def available(self) -> list[str]:
        return [MONTH]

    def fetch(self, key: str, interval: Interval) -> dict[str, pd.DataFrame]:
        return {"rows": self._rows}

    def outcomes(self, key: str, interval: Interval) -> pd.DataFrame | None:
        return self._labels


class GivenContext(BacktestContext):
    """A site whose source and lake are in memory."""

    def __init__(self, case: UseCase, ledger: Ledger, source: Source) -> None:
        super().__init__(case, ledger, FakeLake())
        self._given = source

    @property
    def source(self) -> Source:
        return self._given


class Joins:
    """Takes what was drawn through the real stages, and compares each label with the join that PostgreSQL makes."""

    def __init__(self, folder: Path, ledger: Ledger, address: str) -> None:
        self._folder, self._ledger = folder, ledger
        self._connection = psycopg2.connect(address)
        self._cases: dict[tuple[str, ...], UseCase] = {}
        self._numbers = itertools.count(1)
        self.seen: Counter[str] = Counter()

    def close(self) -> None:
        """End the connection of the join."""
        self._connection.close()

    def check(self, drawn: Drawn) -> None:
        """AssertionError where a row has another label in the training set than in the join, or is in it without one."""
        names = [f"k{number}" for number in range(len(drawn.types))]
        wanted = self._joined(drawn, names)
        self.seen["rows with a label"] += len(wanted)
        self.seen["rows without one"] += len(drawn.rows) - len(wanted)
        difference = same(self._labels(drawn, names), wanted)
        assert difference == "", difference

    def _labels(self, drawn: Drawn, names: Sequence[str]) -> dict[float, float]:
        """What would be trained on, by the number of the row."""
        at = pd.Series([pd.Timestamp(START)] * len(drawn.rows))
        rows = _frame(names, drawn.rows).assign(at=at, group="a", amount=[float(row) for row in range(len(drawn.rows))])
        labels = pd.Series([label for _, label in drawn.outcomes], dtype="float64")
        arrived = _frame(names, [key for key, _ in drawn.outcomes]).assign(label=labels)
        ctx = GivenContext(self._case(drawn.types), self._ledger, Given(rows, arrived))
        validate(ctx, land.land(ctx, MONTH).id)
        outcomes.collect(ctx, NEXT)
        frames, _ = gather.labelled(ctx, batch_interval("month", NEXT).end)
        return {
            amount: label
            for frame in frames.values()
            for amount, label in zip(frame["amount"], frame["gh_label"], strict=True)
        }

    def _joined(self, drawn: Drawn, names: Sequence[str]) -> dict[float, float]:
        """What the join gives, by the number of the row."""
        kinds = ", ".join(f"{name} {TYPES[kind]}" for name, kind in zip(names, drawn.types, strict=True))
        with self._connection.cursor() as cursor:
            cursor.execute(f"CREATE TEMP TABLE r (amount float8, {kinds}); CREATE TEMP TABLE o (label float8, {kinds})")
            execute_values(cursor, "INSERT INTO r VALUES %s", [(row, *key) for row, key in enumerate(drawn.rows)])
            execute_values(cursor, "INSERT INTO o VALUES %s", [(label, *key) for key, label in drawn.outcomes])
            cursor.execute(
                f"SELECT amount, min(label) FROM r JOIN o USING ({', '.join(names)}) WHERE label IS NOT NULL "
                "GROUP BY amount HAVING count(DISTINCT label) = 1"
            )
            labels: dict[float, float] = dict(cursor.fetchall())
        self._connection.rollback()  # the tables of this example are gone
        return labels

    def _case(self, types: tuple[str, ...]) -> UseCase:
        """A use case with a key of these types, under a new name."""
        number = next(self._numbers)
        if types not in self._cases:
            self._cases[types] = load(_folder(types).write(self._folder / f"types{number}"))
        case = self._cases[types]
        name = f"drawn{number}"
        return replace(case, name=name, contract=case.contract.model_copy(update={"use_case": name}))


def _folder(types: Sequence[str]) -> Folder:
    names = [f"k{number}" for number in range(len(types))]
    every = {"min_rows": 0, "max_quarantined_share": 1.0}
    columns = {**dict(zip(names, types, strict=True)), "at": "timestamp", "group": "string", "amount": "number"}
    return Folder(
        keys=(), key=names, columns=columns, table=every, outcomes_table=every,
        retrain={"min_maturity": 0.0}, contract={"first_batch": MONTH},
    )  # fmt: skip


def _frame(names: Sequence[str], keys: Sequence[Key]) -> pd.DataFrame:
    return pd.DataFrame(
        {name: pd.Series([key[part] for key in keys], dtype="object") for part, name in enumerate(names)}
    )
