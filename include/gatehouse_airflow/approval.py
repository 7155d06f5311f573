"""What follows a verdict, in the retrain and the judge DAG alike: promotion, or a question to a person and its answer."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Context

from gatehouse.errors import ServiceUnavailableError
from gatehouse.use_case import UseCase
from gatehouse_airflow.params import REVIEW_REASON, reviewers
from gatehouse_airflow.training_tasks import answer, promote
from gatehouse_airflow.use_cases import parse_span


class ReviewOperator(HITLOperator):
    """Asks a person, and puts the answer into the ledger as Airflow's server hands it over.

    A later task would read it from an XCom, which others may write. The task `answer` carries it out, and brings it
    where the ledger was away for a moment.
    """

    def __init__(self, *, folder: str, **more: Any) -> None:
        super().__init__(**more)
        self.folder = folder

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Take the answer and who gave it."""
        from gatehouse_airflow.tasks import decisions

        response = super().execute_complete(context, event)
        decision = str(context["ti"].xcom_pull(task_ids="judge", key="decision"))
        with suppress(ServiceUnavailableError):
            decisions.answer(self.folder, decision, dict(response))
        return response


def add_approval_branch(case: UseCase, decided: object) -> None:
    """Add the tasks after `decided`, the task that judges and branches."""
    folder, policy = str(case.folder), case.gate
    review = ReviewOperator(
        folder=folder,
        task_id="review",
        subject=f"{case.contract.title}: promote the challenger?",
        body="{{ ti.xcom_pull(task_ids='judge', key='body') }}",
        options=["Approve", "Reject"],
        defaults=["Reject"],
        params={"reason": REVIEW_REASON},
        assigned_users=reviewers(policy.review.approvers),
        response_timeout=parse_span(policy.review.timeout),
    )
    decided >> [promote(folder), review]  # type: ignore[operator]
    answer(folder, review.output)
