"""**Judge**: a decision is made again, because the rows it waited for have matured, or a review was lost.

| | |
|---|---|
| makes | a new decision beside the old one; a new champion when the verdict is PROMOTE |
| woken by | `maintenance`; a person with the id of a decision |
| verdicts | a HOLD becomes what the rows say; a verdict that would now differ asks a person under *Required Actions* |
| owner | risk owner |
| red means | the decision rests on every matured row already, or a service is away |
| do | `gatehouse decision explain DECISION`; the use case's RUNBOOK.md |
"""

from __future__ import annotations

from airflow.sdk import PartitionedAssetTimetable, dag

from gatehouse.use_case import UseCase
from gatehouse_airflow.dag_defaults import DagKind, dag_kwargs, decisions_to_revisit
from gatehouse_airflow.params import DECISION


def build(case: UseCase) -> None:
    """The judge DAG of one use case."""

    @dag(
        **dag_kwargs(case, DagKind.JUDGE, __doc__),
        schedule=PartitionedAssetTimetable(assets=decisions_to_revisit(case.name)),
        is_paused_upon_creation=False,
        max_active_runs=4,  # others may be waiting for a reviewer
        params={"decision": DECISION},
    )
    def judge() -> None:
        from gatehouse_airflow.approval import add_approval_branch
        from gatehouse_airflow.training_tasks import judge_again

        add_approval_branch(case, judge_again(str(case.folder)))

    judge()
