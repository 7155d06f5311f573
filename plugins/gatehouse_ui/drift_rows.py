"""The drift of a batch as the rows of a table: words, marks, and the order that the address asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gatehouse.core.audit.canonical_json import finite
from gatehouse.core.drift.alarms import AlarmState
from gatehouse.core.drift.reference import LABEL, SCORE
from gatehouse.core.rows.scores import SEPARATOR, is_score

if TYPE_CHECKING:
    from collections.abc import Callable

    from gatehouse.queries import BatchDrift

TITLES = {SCORE: "the model's scores", LABEL: "the outcomes"}
STATES = {"alarm": ("warn", "!", "alarm"), "changed": ("soft", "≠", "changed"), "quiet": ("good", "✓", "unchanged")}
LEVELS = (0.5, 1.0, 2.0)  # times the limit at which a cell of the matrix takes its next shade


@dataclass(frozen=True)
class DriftRow:
    """One column of one batch. `ratio` is distance by limit, `effect` the estimated effect on the metric; None where
    unknown. `words` says what changed."""

    column: str
    title: str
    state: str
    tone: str
    mark: str
    told: str
    words: str
    impact: str
    distance: str
    value: float | None
    limit: float | None
    ratio: float | None
    effect: float | None
    rows: int
    reference_rows: int
    origin: str

    @property
    def changed(self) -> bool:
        return self.state in ("alarm", "changed")

    @property
    def unjudged(self) -> bool:
        return self.state == AlarmState.UNJUDGED

    @property
    def level(self) -> int:
        """The shade of its cell in the matrix: 0 far below the limit, 3 twice the limit or more."""
        return sum(self.ratio >= level for level in LEVELS) if self.ratio is not None else 0


def column_title(name: str) -> str:
    """A column's name for people: the scores and the outcomes have words, the scores of each of more classes too."""
    if is_score(name, SCORE) and name != SCORE:
        return f"{TITLES[SCORE]} for {name.removeprefix(SCORE + SEPARATOR)}"
    return TITLES.get(name, name)


def drift_row(each: dict[str, Any]) -> DriftRow:
    """A stored record of a column."""
    state = str(each.get("state", ""))
    tone, mark, told = STATES.get(state, ("soft", "…", state))
    value, limit = finite(each.get("value")), finite(each.get("limit"))
    impact = each.get("impact") or {}
    column, sentence = str(each["column"]), str(each.get("sentence", ""))
    return DriftRow(
        column=column,
        title=column_title(column),
        state=state,
        tone=tone,
        mark=mark,
        told=told,
        words=str(each.get("effect") or sentence.removeprefix(f"{column}: ")),
        impact=str(impact.get("sentence", "")),
        distance=str(each.get("distance", "")),
        value=value,
        limit=limit,
        ratio=value / limit if value is not None and limit else None,
        effect=finite(impact.get("worst")),
        rows=int(each.get("rows") or 0),
        reference_rows=int(each.get("reference_rows") or 0),
        origin=str(each.get("origin", "")),
    )


def _rank(row: DriftRow) -> tuple[int, float]:
    return ("alarm", "changed").index(row.state) if row.changed else 2, -(row.ratio or 0.0)


SORTS: dict[str, Callable[[DriftRow], Any]] = {
    "state": _rank,
    "column": lambda row: row.title.lower(),
    "distance": lambda row: -(row.ratio or -1.0),
    "effect": lambda row: -(row.effect if row.effect is not None else float("-inf")),
}


def drift_rows(batch: BatchDrift, sort: str) -> list[DriftRow]:
    """The columns of a batch in the order of `sort`; those that changed most come first without one."""
    return sorted((drift_row(each) for each in batch.columns), key=SORTS.get(sort, _rank))
