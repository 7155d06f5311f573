"""From distances to alarms: each column of a batch against the limit of `retrain.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gatehouse.core.alarms import Alarm, State
from gatehouse.core.drift import words
from gatehouse.core.drift.measure import Measured, measure_presence, measure_values
from gatehouse.core.profile import CategoricalProfile, ColumnProfile, Profile
from gatehouse.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gatehouse.core.specs.retrain import DriftReason


@dataclass(frozen=True)
class ColumnDrift:
    """One column judged. `distance`, `value`, `limit` and `effect` are those of the values, or of the presence of
    values when that lies farther beyond its limit; `origin` says where the limit comes from. `rows` are the batch's,
    `reference_rows` the reference's. `null_change` and `unseen_share` are differences of shares of rows and values."""

    column: str
    state: State
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

    @property
    def alarm(self) -> bool:
        """Whether this is one."""
        return self.state is State.ALARM

    def to_alarm(self) -> Alarm:
        """This alarm as the watch report keeps it."""
        numbers = {"distance": self.distance, "value": self.value, "limit": self.limit, "rows": self.rows}
        return Alarm("drift", self.column, self.sentence, numbers)

    @property
    def sentence(self) -> str:
        """The column in one sentence with its numbers."""
        if self.value is None or self.limit is None:
            return f"{self.column}: {self.state} ({self.rows:,})"
        sign = ">" if self.alarm else "≤"
        return (
            f"{self.column}: {self.effect}; {self.distance} {self.value:.3f} {sign} {self.limit:.3f} ({self.origin}), "
            f"{self.rows:,} rows against {self.reference_rows:,}"
        )


def judge(reference: Profile, batch: Profile, policy: DriftReason) -> tuple[ColumnDrift, ...]:
    """Judge the columns that both profiles hold (all of them, or the policy's), in the reference's order.

    Inputs, scores and labels are columns alike. Fewer rows than `min_rows` are never an alarm, and neither is a
    distance within the sampling noise of so few rows. A column the reference does not know is a ConfigurationError.
    """
    unknown = sorted(set(policy.columns) - reference.columns.keys())
    if unknown:
        raise ConfigurationError(
            "drift is asked for columns that the champion's reference does not have",
            where="retrain.yaml: reasons.drift.columns",
            found=", ".join(unknown),
            allowed=", ".join(reference.columns),
            owner="data scientist",
        )
    return tuple(
        _column(name, known, batch.columns[name], policy)
        for name, known in reference.columns.items()
        if name in batch.columns and (not policy.columns or name in policy.columns)
    )


def to_document(drifts: Iterable[ColumnDrift]) -> list[dict[str, Any]]:
    """The judged columns as plain values, for the watch report."""
    return [{**vars(drift), "state": drift.state.value, "sentence": drift.sentence} for drift in drifts]


def _column(name: str, reference: ColumnProfile, batch: ColumnProfile, policy: DriftReason) -> ColumnDrift:
    if batch.rows < policy.min_rows or not reference.rows:
        state = State.NO_REFERENCE if not reference.rows else State.TOO_FEW_ROWS
        return ColumnDrift(name, state, batch.rows, reference.rows)
    values = measure_values(reference, batch, policy.distance) if batch.values >= policy.min_rows else None
    presence = measure_presence(reference, batch, policy.distance)
    found = [each for each in (values, presence) if each is not None]
    worst = max(found, key=lambda each: each.value / _limit(each, policy))
    limit = _limit(worst, policy)
    return ColumnDrift(
        column=name,
        state=State.ALARM if worst.value > limit else State.QUIET,
        rows=batch.rows,
        reference_rows=reference.rows,
        distance=worst.name if worst is values else f"{worst.name} of presence",
        value=worst.value,
        limit=limit,
        origin="policy" if limit == policy.limit else f"sampling noise of {batch.rows:,} rows",
        bound=worst.bound,
        effect=words.of_values(reference, batch) if worst is values else words.of_presence(reference, batch),
        null_change=batch.nulls / batch.rows - reference.nulls / reference.rows,
        unseen_share=_unseen(reference, batch),
    )


def _limit(measured: Measured, policy: DriftReason) -> float:
    return max(policy.limit, measured.noise)


def _unseen(reference: ColumnProfile, batch: ColumnProfile) -> float:
    """By how much the share of values outside the reference's categories rose; exact when the reference has no tail."""
    if not isinstance(reference, CategoricalProfile) or not isinstance(batch, CategoricalProfile) or not batch.values:
        return 0.0
    before = reference.tail / reference.values if reference.values else 0.0
    return max(batch.tail / batch.values - before, 0.0)
