"""What a task is about: its site, batch, decision and person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from structlog.contextvars import bind_contextvars

from gatehouse.core.types import BatchId
from gatehouse.errors import NotAllowedError, RecordNotFoundError

if TYPE_CHECKING:
    from gatehouse.bootstrap import InstalledContext
    from gatehouse.core.types import Decision


def use_case_context(folder: str, **about: str) -> InstalledContext:
    """The site of the use case in `folder`. Each later line of the task's log carries its name and what `about` names, as
    fields beside those that Airflow binds itself (dag, run, task, try)."""
    from gatehouse.bootstrap import open_context
    from gatehouse_airflow.connections import provide_connection

    ctx = open_context(folder)
    provide_connection(ctx.case.contract)
    bind_contextvars(use_case=ctx.name, **about)
    return ctx


def code_context(folder: str, **about: str) -> InstalledContext:
    """As `use_case_context`, for a task that calls the use case's code: its process starts beside what comes first."""
    return warmed_up(use_case_context(folder, **about))


def warmed_up(ctx: InstalledContext) -> InstalledContext:
    """The same, its code's process started."""
    if ctx.case.process is not None:
        ctx.case.process.warm_up()
    return ctx


def parse(use_case: str, ref: str) -> BatchId:
    """`2013-03.r1` as a batch; the newest revision's number is part of the name."""
    key, _, revision = ref.rpartition(".r")
    if not key or not revision.isdigit():
        raise RecordNotFoundError(f"not a batch: {ref!r}; a batch is named like 2013-03.r1")
    return BatchId(use_case, key, int(revision))


def ref_of(batch: BatchId) -> str:
    """A batch as tasks name it to each other: `2013-03.r1`."""
    return f"{batch.key}.r{batch.revision}"


def newest(ctx: InstalledContext, ref: str) -> BatchId:
    """A batch by its key and revision, or the newest revision of a key."""
    if ".r" in ref:
        return parse(ctx.name, ref)
    revisions = [batch.id for batch in ctx.ledger.batches.list(ctx.name) if batch.id.key == ref]
    if not revisions:
        raise RecordNotFoundError(
            f"{ctx.name} has no batch {ref!r}; `gatehouse batch list {ctx.name}` lists what there is"
        )
    return revisions[-1]


def resolve_decision(ctx: InstalledContext, start: str) -> Decision:
    """The one decision whose id begins like that; RecordNotFoundError when there is none, or more than one."""
    whole = [each for each in ctx.ledger.decisions.list(ctx.name) if each.id.startswith(start)]
    if len(start) < 6 or len(whole) != 1:
        raise RecordNotFoundError(f"{start!r} names {len(whole)} decisions of {ctx.name}; give six characters or more")
    return whole[0]


def triggered_by(dag_run: Any) -> str:
    """Who filled in the form, as Airflow's server recorded it; NotAllowedError for a run that nobody triggered."""
    if not dag_run.triggering_user_name:
        raise NotAllowedError(
            "Airflow recorded nobody who triggered this run, and an act needs a name. "
            "Trigger the DAG with its form, on its page or by the REST API"
        )
    return str(dag_run.triggering_user_name)
