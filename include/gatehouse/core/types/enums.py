"""The states and kinds of records."""

from __future__ import annotations

from enum import StrEnum


class BatchState(StrEnum):
    """`landed` waits for validation; the other three are where a batch rests."""

    LANDED = "landed"
    ACCEPTED = "accepted"
    QUARANTINED = "quarantined"
    DISCARDED = "discarded"


class RequestState(StrEnum):
    """A retrain request is `open`, then `claimed` by a retrain run, then rests in one of the next three; one that no run
    has claimed in time is `expired`."""

    OPEN = "open"
    CLAIMED = "claimed"
    DECIDED = "decided"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Verdict(StrEnum):
    """What a decision says."""

    PROMOTE = "PROMOTE"
    HOLD = "HOLD"
    REVIEW = "REVIEW"
    BLOCK = "BLOCK"


class RuleOutcome(StrEnum):
    """The outcome of a rule."""

    PASS = "PASS"  # noqa: S105
    WARN = "WARN"
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"


class PromotionKind(StrEnum):
    """What stands behind a change of champion: a PROMOTE decision, an approved review, a person's own act, the end of an
    override's time, or a probation that the new champion lost."""

    DECISION = "decision"
    APPROVAL = "approval"
    OVERRIDE = "override"
    ROLLBACK = "rollback"
    EXPIRY = "expiry"
    PROBATION = "probation"
