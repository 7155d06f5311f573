"""Issues: what is wrong with the installation or a feed until it is resolved, such as a late batch or a broken invariant.

Each maintenance cycle checks them again. An issue that is found again stays open, and is recorded again only when its
fingerprint differs. An issue that is no longer found is resolved.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from gatehouse.core.notifications.alert_types import AlertType


@dataclass(frozen=True)
class IssueReport:
    """An issue as one look finds it. `fingerprint` is what has to differ for it to be worth telling again."""

    kind: AlertType
    use_case: str
    subject: str
    sentence: str
    fingerprint: str = ""

    @property
    def about(self) -> tuple[str, str, str]:
        """What makes it the same issue at the next look."""
        return (self.kind, self.use_case, self.subject)


@dataclass(frozen=True)
class Issue:
    """An issue on record: open since `at`, over at `over`, by the ledger's clock. `id` is of this one time only."""

    id: str
    found: IssueReport
    at: datetime
    over: datetime | None = None
    ended: str = ""


@dataclass(frozen=True)
class IssueChanges:
    """What a look changes: issues that open, open ones that changed (id, as found now), and those that are over."""

    opened: tuple[IssueReport, ...] = ()
    changed: tuple[tuple[str, IssueReport], ...] = ()
    over: tuple[str, ...] = ()


def follow(
    before: Sequence[Issue], found: Iterable[IssueReport], looked_at: Iterable[tuple[AlertType, str]]
) -> IssueChanges:
    """The steps from the open issues `before` to what was `found`. Only kinds and use cases in `looked_at` can end: who
    could not look has not seen that it is over."""
    now = {each.about: each for each in found}
    open_ = {each.found.about: each for each in before}
    seen = set(looked_at)
    return IssueChanges(
        opened=tuple(each for about, each in now.items() if about not in open_),
        changed=tuple(
            (open_[about].id, each)
            for about, each in now.items()
            if about in open_ and open_[about].found.fingerprint != each.fingerprint
        ),
        over=tuple(
            each.id
            for about, each in open_.items()
            if about not in now and (each.found.kind, each.found.use_case) in seen
        ),
    )


def doubled(count: int) -> str:
    """A fingerprint that differs when a count has doubled (1, 2, 4, 8 ...): a stopped feed is reported four times, not daily."""
    return str(1 << (count.bit_length() - 1)) if count > 0 else "0"
