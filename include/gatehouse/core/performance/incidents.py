"""Incidents: one for each cause, from the batch it begins in to the batch it is over; a pure function of the findings.

A finding continues the open incident of its kind that shares a column with it; what continues pages nobody again. Columns
that begin to matter in the same batch are one incident, whether they usually move together or not: a release, a sale, a new
upstream table changes several at once, and one call is enough. An incident that no finding continues for `calm` batches is
resolved: a measurement near its limit is beyond it in one week and not in the next, and that is one incident. Resolved ones
are kept for a year of months, so that a cause that comes back (a recurring concept, a winter) is told as such.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from gatehouse.core.performance.change_kinds import ChangeFinding, ChangeKind

if TYPE_CHECKING:
    from gatehouse.core.contract.batch_calendar import BatchKind

KEPT = 12
CALM: dict[BatchKind, int] = {  # quiet batches that end it
    "year": 1, "quarter": 1, "month": 1, "week": 3, "day": 7, "hour": 168,
}  # fmt: skip
MEASURED = (ChangeKind.CONCEPT, ChangeKind.LABEL, ChangeKind.LEVEL, ChangeKind.POOR)  # kinds that only outcomes can end
WORSE = (
    ChangeKind.CONCEPT,
    ChangeKind.LEVEL,
)  # one cause: a new champion's holdout is no end of what it did not repair


@dataclass(frozen=True)
class Incident:
    """One incident as it stands. `paged` is the batch that paged (empty: none did), `again` how often the same cause was
    resolved before, `calm` for how many batches an open one has not been seen, `idle` how many batches ago it was
    resolved."""

    kind: str
    columns: tuple[str, ...]
    opened: str
    updated: str
    batches: int
    sentence: str
    page: bool
    consequences: tuple[str, ...] = ()
    resolved: str = ""
    paged: str = ""
    again: int = 0
    idle: int = 0
    calm: int = 0

    @property
    def id(self) -> str:
        """The kind, the column it began with, and the batch it began in."""
        return "/".join([self.kind, *self.columns[:1], self.opened])

    @property
    def state(self) -> str:
        """open or resolved."""
        return "resolved" if self.resolved else "open"

    def to_document(self) -> dict[str, Any]:
        """The incident as plain values."""
        return {"id": self.id, "state": self.state, **asdict(self)}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Incident:
        """The inverse of `to_document`."""
        known = {name: value for name, value in document.items() if name not in ("id", "state")}
        known |= {name: tuple(known[name]) for name in ("columns", "consequences")}
        return cls(**known)


def update_incidents(
    before: Sequence[Incident], findings: Sequence[ChangeFinding], batch: str, measured: bool, calm: int = 1
) -> list[Incident]:
    """The incidents after a batch: opened, updated, resolved after `calm` batches without. `measured` says whether
    outcomes were looked at: without them an incident that only outcomes can end stays as it is."""
    left = [each for each in before if not each.resolved]
    now: list[Incident] = []
    for known, finding in _by_cause(left, findings):
        left = [each for each in left if each is not known]
        now.append(_update(known, finding, batch) if known else _open(before, finding, batch))
    waiting = [each for each in left if not measured and each.kind in MEASURED]
    calmer = [replace(each, calm=each.calm + 1) for each in left if each not in waiting]
    over = [replace(each, resolved=batch) for each in calmer if each.calm >= calm]
    waiting += [each for each in calmer if each.calm < calm]
    old = [replace(each, idle=each.idle + 1) for each in before if each.resolved and each.idle < KEPT]
    return [*now, *waiting, *over, *old]


def _by_cause(
    open_ones: Sequence[Incident], findings: Sequence[ChangeFinding]
) -> list[tuple[Incident | None, ChangeFinding]]:
    """The findings with the open incident that each continues; those with one cause as one finding, the first of them with
    the others below it: what continues the same incident, and columns that begin to page in the same batch."""
    found: list[tuple[Incident | None, ChangeFinding]] = []
    for finding in findings:
        known = next((each for each in open_ones if _same(each, finding)), None)
        for at, (other, first) in enumerate(found):
            if known is other and first.kind is finding.kind and (known or (first.page and finding.page)):
                below = (*first.consequences, finding.sentence, *finding.consequences)
                columns = (*first.columns, *finding.columns)
                found[at] = known, replace(first, columns=columns, consequences=below, page=first.page or finding.page)
                break
        else:
            found.append((known, finding))
    return found


def _open(before: Sequence[Incident], finding: ChangeFinding, batch: str) -> Incident:
    again = sum(bool(each.resolved) and _same(each, finding) for each in before)
    return Incident(
        kind=finding.kind.value,
        columns=finding.columns,
        opened=batch,
        updated=batch,
        batches=1,
        sentence=finding.sentence,
        page=finding.page,
        consequences=finding.consequences,
        paged=batch if finding.page else "",
        again=again,
    )


def _update(known: Incident, finding: ChangeFinding, batch: str) -> Incident:
    columns = (*known.columns, *(each for each in finding.columns if each not in known.columns))
    return replace(
        known,
        columns=columns,
        updated=batch,
        batches=known.batches + 1,
        sentence=finding.sentence,
        page=known.page or finding.page,
        consequences=finding.consequences,
        paged=known.paged or (batch if finding.page else ""),
        calm=0,
    )


def _same(incident: Incident, finding: ChangeFinding) -> bool:
    if incident.kind != finding.kind and not (incident.kind in WORSE and finding.kind in WORSE):
        return False
    return (not finding.columns and not incident.columns) or bool(set(incident.columns) & set(finding.columns))
