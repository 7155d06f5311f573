"""One column of a batch, judged: what the watch report, the pages and the notifications know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gatehouse.core.drift.alarms import Alarm, AlarmState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True)
class ColumnDrift:
    """One column judged. `distance`, `value`, `limit` and `effect` are those of the values, or of the presence of
    values when that lies farther beyond its limit; `origin` says where the limit comes from. `rows` are the batch's,
    `reference_rows` the reference's. `null_change` and `unseen_share` are differences of shares of rows and values.
    `p_value` is Holm's, over all columns of the batch; None where the limit is an effect size. `impact` is the estimated
    effect on the metric (`core.drift.impact`), None where it was not estimated."""

    column: str
    state: AlarmState
    rows: int
    reference_rows: int
    distance: str = ""
    value: float | None = None
    limit: float | None = None
    origin: str = ""
    bound: float = 0.0
    effect: str = ""
    null_change: float = 0.0
    unseen_share: float = 0.0
    p_value: float | None = None
    impact: Mapping[str, Any] | None = None

    @property
    def changed(self) -> bool:
        """Whether the column changed, alarm or not."""
        return self.state in (AlarmState.ALARM, AlarmState.CHANGED)

    @property
    def alarm(self) -> bool:
        """Whether this is one."""
        return self.state is AlarmState.ALARM

    def to_alarm(self) -> Alarm:
        """This alarm as the watch report keeps it."""
        numbers: dict[str, Any] = {
            "distance": self.distance,
            "value": self.value,
            "limit": self.limit,
            "rows": self.rows,
        }
        numbers |= {"p_value": self.p_value} if self.p_value is not None else {}
        numbers |= {"impact": dict(self.impact)} if self.impact is not None else {}
        return Alarm("drift", self.column, self.sentence, numbers)

    @property
    def sentence(self) -> str:
        """The column in one sentence with its numbers."""
        if self.value is None or self.limit is None:
            return f"{self.column}: {self.state} ({self.origin or f'{self.rows:,}'})"
        sign = ">" if self.changed else "≤"
        effect = f"; {self.impact['sentence']}" if self.impact else ""
        return (
            f"{self.column}: {self.effect}; {self.distance} {self.value:.3f} {sign} {self.limit:.3f} ({self.origin}), "
            f"{self.rows:,} rows against {self.reference_rows:,}{effect}"
        )


def to_document(drifts: Iterable[ColumnDrift]) -> list[dict[str, Any]]:
    """The judged columns as plain values, for the watch report."""
    return [{**vars(drift), "state": drift.state.value, "sentence": drift.sentence} for drift in drifts]
