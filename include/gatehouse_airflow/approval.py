"""What follows a verdict, in the retrain and the judge DAG alike: promotion, or a question to a person and its answer."""

from __future__ import annotations

from airflow.providers.standard.operators.hitl import HITLOperator

from gatehouse.use_case import UseCase
from gatehouse_airflow.params import REVIEW_REASON, reviewers
from gatehouse_airflow.training_tasks import answer, promote
from gatehouse_airflow.use_cases import parse_span


def add_approval_branch(case: UseCase, decided: object) -> None:
    """Add the tasks after `decided`, the task that judges and branches."""
    folder, policy = str(case.folder), case.gate
    review = HITLOperator(
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
