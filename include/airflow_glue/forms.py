"""What the forms of the DAGs and reviews ask for."""

from __future__ import annotations

from collections.abc import Sequence

from airflow.sdk import Param
from airflow.sdk.execution_time.hitl import HITLUser

from gatehouse.core.calendar import BatchKind

PATTERNS = {"month": r"^\d{4}-\d\d$", "week": r"^\d{4}-W\d\d$", "day": r"^\d{4}-\d\d-\d\d$"}
REASON = Param(
    "", type="string", minLength=10, title="Reason", description="Why, in a sentence: it goes on record with your name."
)

# A review's own form: Airflow fails a review whose default does not validate, so an empty reason is refused by the ledger.
REVIEW_REASON = Param(
    "", type="string", title="Reason", description="Why, in a sentence: it goes on record with your name."
)

BATCH_REF = Param(
    None,
    type=["null", "string"],
    pattern=r"^.+\.r\d+$",
    title="Batch and revision",
    description="Such as 2013-03.r1; empty takes the oldest accepted batch that waits.",
)
RETRAIN_REASON = Param(
    None,
    type=["null", "string"],
    title="Reason",
    description="Why retrain now, in a sentence; empty takes the open request.",
)
DECISION = Param(
    None,
    type=["null", "string"],
    pattern=r"^[0-9a-f]{6,64}$",
    title="Decision",
    description="The decision to make again, by the first characters of its id (`gatehouse decisions USECASE`).",
)
VERSION = Param(
    None,
    type=["null", "integer"],
    minimum=1,
    title="Version",
    description="The earlier champion to go back to; empty takes the one before the present.",
)
DRY_RUN = Param(True, type="boolean", title="Dry run", description="Only say what would change.")


def batch_key(kind: BatchKind) -> Param:
    """A key of that kind of batch, or nothing."""
    return Param(
        None,
        type=["null", "string"],
        pattern=PATTERNS[kind],
        title="Batch",
        description="A key such as 2013-03 to fetch (again); empty takes everything that the source has.",
    )


def reviewers(names: Sequence[str]) -> list[HITLUser]:
    """The users a review is assigned to, by their name in Airflow's auth manager."""
    return [HITLUser(id=name, name=name) for name in names]
