"""The mapped tasks of use cases whose contract divides batches (`max_rows_in_memory`); no other use case has them.

A batch that is not divided makes no piece of work: the mapped tasks then have nothing to expand over and are skipped by the
scheduler, without a worker. What comes after them runs unless one of them failed.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import get_current_context, task

from gatehouse.use_case import UseCase
from gatehouse_airflow.tasks import partitions

Label = "{{ piece }}"


def partitioned(case: UseCase) -> bool:
    """Whether the use case's DAGs have mapped tasks for partitions: Spark spreads the work itself."""
    return case.contract.max_rows_in_memory is not None and case.contract.engine == "pandas"


def partitioned_validation(case: UseCase, landed: Any) -> dict[str, Any]:
    """Check and profile partitions of landed batches side by side; what `validate` takes besides a batch."""
    if not partitioned(case):
        return {}
    folder = str(case.folder)

    @task(task_id="divide")
    def divide(refs: list[str]) -> list[partitions.Piece]:
        return partitions.check_pieces(folder, refs)

    @task(task_id="check_part", map_index_template=Label)
    def check_part(piece: partitions.Piece) -> partitions.Piece:
        return partitions.check(folder, _shown(piece))

    @task(task_id="settle")
    def settle(checked: Any) -> list[partitions.Piece]:
        return partitions.profile_pieces(folder, checked)

    @task(task_id="profile_part", map_index_template=Label)
    def profile_part(piece: partitions.Piece) -> partitions.Piece:
        return partitions.profile(folder, _shown(piece))

    checked = check_part.expand(piece=divide(landed))
    return {"checked": checked, "profiled": profile_part.expand(piece=settle(checked))}


def partitioned_scoring(case: UseCase, ref: Any) -> dict[str, Any]:
    """Score partitions of a batch side by side, when its turn has come; what `watch` takes besides the batch."""
    if not partitioned(case):
        return {}
    folder = str(case.folder)

    @task(task_id="divide")
    def divide(ref: str) -> list[partitions.Piece]:
        return partitions.score_pieces(folder, ref)

    @task(task_id="score_part", map_index_template=Label)
    def score_part(piece: partitions.Piece) -> partitions.Piece:
        return partitions.score(folder, _shown(piece))

    return {"done": score_part.expand(piece=divide(ref))}


def _shown(piece: partitions.Piece) -> partitions.Piece:
    get_current_context()["piece"] = f"{piece['batch']} {piece['what']}"  # the grid shows it instead of a number
    return piece
