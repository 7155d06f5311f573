"""What the forms of the DAGs and reviews ask for."""

from __future__ import annotations

from collections.abc import Sequence

from airflow.sdk import Param
from airflow.sdk.execution_time.hitl import HITLUser

PATTERNS = {"month": r"^\d{4}-\d\d$", "week": r"^\d{4}-W\d\d$", "day": r"^\d{4}-\d\d-\d\d$"}
REASON = Param(
    "", type="string", minLength=10, title="Reason", description="Why, in a sentence: it goes on record with your name."
)

# A review's own form: Airflow fails a review whose default does not validate, so an empty reason is refused by the ledger.
REVIEW_REASON = Param(
    "", type="string", title="Reason", description="Why, in a sentence: it goes on record with your name."
)


def reviewers(names: Sequence[str]) -> list[HITLUser]:
    """The users a review is assigned to, by their name in Airflow's auth manager."""
    return [HITLUser(id=name, name=name) for name in names]
