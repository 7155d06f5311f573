"""**Retrain**: a request becomes candidates, one challenger, evidence, and a decision of the gate.

| | |
|---|---|
| makes | MLflow runs, a registered challenger, an archived decision; a new champion when the verdict is PROMOTE |
| woken by | a retrain request; `maintenance` for what no event woke; a person with a reason |
| verdicts | PROMOTE changes the champion; REVIEW waits under *Required Actions*; HOLD and BLOCK end green with the reason |
| owner | data scientist (training), risk owner (gate) |
| red means | no candidate could be fitted, too little data, or a service is away: the request says which |
| do | `gatehouse request list USECASE`, `gatehouse decision explain DECISION`; the use case's RUNBOOK.md |
"""

from __future__ import annotations

from airflow.sdk import PartitionedAssetTimetable, dag

from gatehouse.estimator_names import estimator_names
from gatehouse.use_case import UseCase
from gatehouse_airflow.dag_defaults import DagKind, dag_kwargs, retrain_requests
from gatehouse_airflow.params import BATCHES, RETRAIN_REASON, estimators, training_window


def build(case: UseCase) -> None:
    """The retrain DAG of one use case."""
    folder = str(case.folder)
    names = estimator_names(case.folder / "model.py")

    @dag(
        **dag_kwargs(case, DagKind.RETRAIN, __doc__, priority=100),
        schedule=PartitionedAssetTimetable(assets=retrain_requests(case.name)),
        is_paused_upon_creation=False,
        max_active_runs=4,  # one request at a time is the ledger's rule; the others may be waiting for a reviewer
        params={
            "reason": RETRAIN_REASON,
            "window": training_window(case.retrain.window),
            "batches": BATCHES,
            "estimators": estimators(names),
        },
    )
    def retrain() -> None:
        from gatehouse_airflow.approval import add_approval_branch
        from gatehouse_airflow.training_tasks import choose, claim, fit, judge

        fitted = fit.partial(folder=folder).expand(name=claim(folder))
        decided = judge(folder)
        fitted >> choose(folder) >> decided
        add_approval_branch(case, decided)

    retrain()
