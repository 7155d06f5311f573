"""Outcomes and the rows that they are for: which contradict each other, which match no row, which rows have none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

EXAMPLES = 3


@dataclass(frozen=True)
class OutcomeMatch:
    """How a delivery of outcomes matches the rows of its batch, with some keys of each kind as examples.

    `rows` and `outcomes` count keys; `without_row` are outcomes for no row of the batch, `without_outcome` rows for which
    no outcome has arrived, `contradicting` outcomes that were quarantined because they disagree with another of their row.
    """

    rows: int
    outcomes: int
    matched: int
    contradicting: int = 0
    without_row: tuple[str, ...] = ()
    without_outcome: tuple[str, ...] = ()
    contradictions: tuple[str, ...] = ()

    @property
    def unmatched(self) -> int:
        """How many outcomes are for no row of the batch."""
        return self.outcomes - self.matched

    @property
    def missing(self) -> int:
        """How many rows have no outcome."""
        return self.rows - self.matched

    def to_document(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> OutcomeMatch:
        values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in document.items()}
        return cls(**values)


def repeated(keys: pd.Series[str], labels: pd.Series[Any]) -> tuple[list[int], dict[int, tuple[str, ...]]]:
    """The positions of outcomes to leave out because they say what another one says, and of those that contradict
    another outcome of their row, with the reason.

    An outcome without a label says nothing: it contradicts none, and gives way to one that has a label.
    """
    import pandas as pd

    table = pd.DataFrame({"key": keys.to_numpy(), "label": labels.reset_index(drop=True)})
    table = table[table["key"].notna() & table["key"].duplicated(keep=False)]
    if table.empty:
        return [], {}
    distinct = table.groupby("key")["label"].nunique()
    disagree = table["key"].isin(distinct.index[distinct > 1])
    agree = table[~disagree]
    with_label_first = agree.iloc[agree["label"].isna().to_numpy().argsort(kind="stable")]
    again = sorted(int(row) for row in with_label_first.index[with_label_first["key"].duplicated()])
    contradicting: dict[int, tuple[str, ...]] = {}
    for _, rows in table[disagree].groupby("key"):
        reason = f"{len(rows)} outcomes for this row contradict each other: {_listed(rows['label'].dropna().unique())}"
        contradicting |= {int(row): (reason,) for row in rows.index}
    return again, dict(sorted(contradicting.items()))


def contradictions(keys: pd.Series[str]) -> tuple[str, ...]:
    """A sentence about the outcomes that contradict each other, given their keys; nothing where there are none."""
    distinct = keys.drop_duplicates()
    if distinct.empty:
        return ()
    return (f"{_rows_with(len(distinct))} outcomes that contradict each other, for example {_quoted(_some(distinct))}",)


def one_for_each_key(keys: pd.Series[str], labels: pd.Series[float]) -> pd.Series[float]:
    """The labels by key, each key once; a key whose labels contradict each other, or that is null, has none."""
    import numpy as np

    again, contradicting = repeated(keys, labels)
    kept = keys.notna().to_numpy().copy()
    kept[[*again, *contradicting]] = False
    return labels.set_axis(keys.to_numpy())[np.asarray(kept)]


def match(rows: pd.Series[str], outcomes: pd.Series[str], contradicting: pd.Series[str] | None = None) -> OutcomeMatch:
    """Compare the keys of the batch's rows with those of its outcomes; each key counts once."""
    row_keys, outcome_keys = rows.dropna().drop_duplicates(), outcomes.dropna().drop_duplicates()
    lost = contradicting.dropna().drop_duplicates() if contradicting is not None else row_keys.head(0)
    matched = outcome_keys.isin(row_keys)
    without = row_keys[~row_keys.isin(outcome_keys)]
    examples = (_some(outcome_keys[~matched]), _some(without), _some(lost))
    return OutcomeMatch(len(row_keys), len(outcome_keys), int(matched.sum()), len(lost), *examples)


def describe(found: OutcomeMatch) -> str:
    """How many outcomes match no row and how many rows have no outcome, with examples; empty when each has its own."""
    return problems(found, 0.0, 0.0)


def problems(found: OutcomeMatch, unmatched_share: float, missing_share: float) -> str:
    """`describe` of what goes beyond these shares, of the outcomes and of the rows; contradictions always do."""
    parts = []
    if found.unmatched > unmatched_share * found.outcomes:
        parts.append(
            f"{found.unmatched:,} of {found.outcomes:,} outcomes match no row, for example {_quoted(found.without_row)}"
        )
    if found.contradicting:
        examples = _quoted(found.contradictions)
        parts.append(f"{_rows_with(found.contradicting)} outcomes that contradict each other, for example {examples}")
    if found.missing > missing_share * found.rows:
        parts.append(
            f"{found.missing:,} of {found.rows:,} rows have no outcome, for example {_quoted(found.without_outcome)}"
        )
    return "; ".join(parts)


def _rows_with(count: int) -> str:
    return f"{count:,} row{' has' if count == 1 else 's have'}"


def _some(keys: pd.Series[str]) -> tuple[str, ...]:
    return tuple(str(key) for key in keys.head(EXAMPLES))


def _quoted(keys: tuple[str, ...]) -> str:
    return ", ".join(repr(key) for key in keys)


def _listed(values: Any) -> str:
    shown = ", ".join(str(value) for value in values[:EXAMPLES])
    return shown if len(values) <= EXAMPLES else f"{shown} and {len(values) - EXAMPLES} more"
