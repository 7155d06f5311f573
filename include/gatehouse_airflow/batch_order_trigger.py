"""Waiting for a batch's turn without a worker: the scoring task parks in the triggerer until the ledger says go."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.triggers.base import BaseTrigger, TriggerEvent

from gatehouse.core.types import BatchId

if TYPE_CHECKING:
    from airflow.sdk import Context

POLL_SECONDS = 1.0


class BatchOrderTrigger(BaseTrigger):
    """Fires when it is the batch's turn, by the ledger alone: no event can be lost that it would wait for.

    The policy's patience is for one thing that the batch waits for, not for the length of the queue: it begins again
    when that thing changes. So a backlog keeps its order, however slow the machine is.
    """

    def __init__(self, folder: str, key: str, revision: int) -> None:
        super().__init__()
        self.folder, self.key, self.revision = folder, key, revision

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class and its arguments, for the triggerer's database."""
        arguments = {"folder": self.folder, "key": self.key, "revision": self.revision}
        return "gatehouse_airflow.batch_order_trigger.BatchOrderTrigger", arguments

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Ask the ledger once a second; the question runs in a thread because psycopg2 blocks."""
        from gatehouse.bootstrap import open_context
        from gatehouse_airflow.configure import configure, use_connections

        configure()
        await asyncio.to_thread(use_connections)
        ctx = open_context(self.folder)
        batch = BatchId(ctx.name, self.key, self.revision)
        reason, since = "", time.monotonic()
        while found := await asyncio.to_thread(_waits_for, ctx, batch, time.monotonic() - since):
            if found != reason:
                reason, since = found, time.monotonic()
            await asyncio.sleep(POLL_SECONDS)
        yield TriggerEvent(f"{self.key}.r{self.revision}")


def _waits_for(ctx: Any, batch: BatchId, waited: float) -> str:
    from gatehouse.errors import ServiceUnavailableError
    from gatehouse.pipeline.score import blocked_by

    try:
        return blocked_by(ctx, batch, waited)
    except ServiceUnavailableError as error:
        return str(error)


class ScoreInOrderOperator(BaseOperator):
    """Score a batch when its turn has come; returns the batch (`2013-03.r1`), or skips when nothing waits."""

    def __init__(self, *, folder: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.folder = folder

    def execute(self, context: Context, event: str | None = None) -> str:
        """Score when it is the batch's turn; else park, and come back here with the event."""
        from gatehouse_airflow.tasks.batches import batch_of, score_batch

        ctx, batch = batch_of(self.folder, context, parked=event)
        why = "" if event else _waits_for(ctx, batch, 0.0)
        if why:
            self.log.info("not yet the turn of %s: %s", batch, why)
            self.defer(trigger=BatchOrderTrigger(self.folder, batch.key, batch.revision), method_name="execute")
        return score_batch(ctx, batch)
