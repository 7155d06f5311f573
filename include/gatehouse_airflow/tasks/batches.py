"""The bodies of the tasks that take a batch: each opens the site and calls one stage."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import structlog
from airflow.sdk.exceptions import AirflowSkipException
from structlog.contextvars import bind_contextvars

from gatehouse.core.types import BatchId, BatchState, RequestState
from gatehouse.errors import SourceError
from gatehouse_airflow.attendance import newest_attempt
from gatehouse_airflow.tasks import context as context_module
from gatehouse_airflow.tasks.partitions import Piece, collect_results

if TYPE_CHECKING:
    from airflow.sdk import Context

    from gatehouse.bootstrap import InstalledContext

event_log = structlog.get_logger("gatehouse")


@newest_attempt()
def land(folder: str, key: str | None) -> list[str]:
    """Land one batch, or everything that is new or corrected at the source and whatever else waits; returns the batches to
    validate. A batch that cannot be fetched stops no other: `check_fetched` names it."""
    from gatehouse.pipeline import land as land_module

    ctx = context_module.use_case_context(folder)
    ctx.source.settle()
    if key:
        return [context_module.ref_of(land_module.land(ctx, key).id)]
    for refused, reason in land_module.take(ctx, [*land_module.corrected(ctx), *land_module.pending_keys(ctx)]).items():
        event_log.warning("not fetched", batch=refused, reason=reason)
    return [
        context_module.ref_of(batch.id)
        for batch in ctx.ledger.batches.list(ctx.name)
        if batch.state is BatchState.LANDED
    ]


def check_fetched(folder: str) -> None:
    """SourceError that names every batch whose delivery could not be fetched the last time; all others are taken by now."""
    from gatehouse.pipeline import land as land_module

    ctx = context_module.use_case_context(folder)
    refused = land_module.unfetched(ctx)
    if refused:
        named = " | ".join(f"{key}: {reason}" for key, reason in refused.items())
        raise SourceError(f"{len(refused)} batches of {ctx.name} could not be fetched: {named}")


@newest_attempt()
def collect_outcomes(folder: str, refs: list[str]) -> list[str]:
    """Collect the outcomes that are due with the landed batches, in the order of time; returns whose they are."""
    from gatehouse.pipeline import outcomes

    ctx = context_module.use_case_context(folder)
    ctx.source.settle()
    keys = sorted(context_module.parse(ctx.name, ref).key for ref in refs)
    return [context_module.ref_of(found.batch) for key in keys for found in outcomes.collect_readable(ctx, key)]


@newest_attempt()
def validate(
    folder: str, ref: str, checked: Iterable[Piece] | None = None, profiled: Iterable[Piece] | None = None
) -> bool:
    """Validate a batch, out of what mapped tasks found of its partitions if it is divided; True when it is accepted."""
    from gatehouse.pipeline.validate import validate as validate_batch

    ctx = context_module.code_context(folder, batch=ref)
    found, shares = collect_results(ctx, ref, checked), collect_results(ctx, ref, profiled)
    batch = validate_batch(ctx, context_module.parse(ctx.name, ref), found, shares)
    event_log.info("validated", state=batch.state, reason=batch.reason)
    return batch.state is BatchState.ACCEPTED


def batch_of(folder: str, context: Context, parked: str | None = None) -> tuple[InstalledContext, BatchId]:
    """The batch this run is for: the one it parked with, its partition key, the form's, or the oldest that waits."""
    from gatehouse.pipeline.score import unscored_batches

    ctx = context_module.use_case_context(folder)
    ref = parked or context["dag_run"].partition_key or context["params"].get("batch")
    batch = context_module.parse(ctx.name, ref) if ref else next((each.id for each in unscored_batches(ctx)), None)
    if batch is None:
        raise AirflowSkipException(f"no accepted batch of {ctx.name} waits to be watched")
    if any(report.batch == batch for report in ctx.ledger.batches.watches(ctx.name)):
        raise AirflowSkipException(
            f"another run has watched {context_module.ref_of(batch)} of {ctx.name}; nothing is left to do"
        )
    ctx.ledger.attempts.enter(f"{batch}/run")
    bind_contextvars(batch=context_module.ref_of(batch))
    return ctx, batch


@newest_attempt()
def score_batch(ctx: InstalledContext, batch: BatchId) -> str:
    """Score a batch, unless that is done in parts by mapped tasks; returns its name."""
    from gatehouse.pipeline.monitor.score_in_order import score_in_turn
    from gatehouse.pipeline.partitions.partition_reader import is_partitioned

    if ctx.case.contract.engine == "pandas" and is_partitioned(ctx, ctx.ledger.batches.get(batch)):
        return context_module.ref_of(batch)
    prediction = score_in_turn(context_module.warmed_up(ctx), batch)
    event_log.info("scored", version=prediction.version if prediction else None)
    return context_module.ref_of(batch)


@newest_attempt()
def watch(folder: str, ref: str, done: Iterable[Piece] | None = None) -> str | None:
    """Watch a batch, once what was scored of it in parts is put together; returns the retrain request that is open after
    it."""
    from gatehouse.pipeline.monitor.monitor_batch import monitor_batch as watch_batch
    from gatehouse.pipeline.monitor.score_in_order import score_in_turn

    ctx = context_module.code_context(folder, batch=ref)
    if done is not None:
        score_in_turn(ctx, context_module.parse(ctx.name, ref), collect_results(ctx, ref, done))
    request = watch_batch(ctx, context_module.parse(ctx.name, ref))
    event_log.info("watched", request=request.id if request is not None else None)
    return request.id if request is not None and request.state is RequestState.OPEN else None
