"""What the watch says of one thing it looked at, and an alarm as it is kept in the watch report."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class AlarmState(StrEnum):
    """What the watch says of a column or a metric; only the second is an alarm, the last five say why not judged.
    `CHANGED` is a change that is real and, by its estimated effect on the metric, pages nobody."""

    QUIET = "quiet"
    ALARM = "alarm"
    CHANGED = "changed"
    TOO_FEW_ROWS = "too few rows"
    NOT_MATURE = "not mature"
    NO_REFERENCE = "no reference"
    UNDEFINED = "undefined"
    UNJUDGED = "cannot be judged"


@dataclass(frozen=True)
class Alarm:
    """One alarm of one batch's watch. `kind` is drift, decay or calibration; `subject` is the column or the metric:
    alarms of one kind and subject in several batches are the same alarm, still on."""

    kind: str
    subject: str
    sentence: str
    numbers: Mapping[str, Any] = field(default_factory=dict)

    def to_document(self) -> dict[str, Any]:
        """The alarm as plain values."""
        return {"kind": self.kind, "subject": self.subject, "sentence": self.sentence, "numbers": dict(self.numbers)}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Alarm:
        """The inverse of `to_document`."""
        return cls(document["kind"], document["subject"], document["sentence"], document["numbers"])
