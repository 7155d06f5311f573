"""Scoring a divided batch: the champion predicts its accepted rows range by range, to the one file of the undivided batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gatehouse.context import PartitionWork, UseCaseContext
from gatehouse.core.rows.row_keys import row_keys
from gatehouse.core.types import Batch, Champion, FileRef
from gatehouse.errors import ModelError
from gatehouse.pipeline.batch_data.row_keys import accepted_tables
from gatehouse.pipeline.partitions import partition_reader
from gatehouse.pipeline.partitions.partition_features import features_of_part

if TYPE_CHECKING:
    import pandas as pd


def works(ctx: UseCaseContext, batch: Batch, champion: Champion) -> list[PartitionWork]:
    """The pieces of work: ranges of the accepted rows of the main table, each with the one champion that is to predict."""
    file = _accepted(ctx, batch)
    return [
        {"rows": [each.start, each.stop], "version": champion.model.version, "generation": champion.generation}
        for each in partition_reader.ranges(file.rows or 0, partition_reader.size(ctx))
    ]


def score_partition(ctx: UseCaseContext, batch: Batch, champion: Champion, work: PartitionWork) -> PartitionWork:
    """Do one piece of the work; the scores are left as a file of the lake."""
    return {**work, "file": ctx.lake.put_frame(score_rows(ctx, batch, champion, range(*work["rows"])), "parts")}


def score_rows(ctx: UseCaseContext, batch: Batch, champion: Champion, which: range) -> pd.DataFrame:
    """Row keys and scores of some accepted rows, with what made them."""
    from gatehouse.pipeline.score import predict_frame

    contract, main = ctx.case.contract, ctx.case.contract.main
    part = ctx.lake.frame(_accepted(ctx, batch), rows=which)
    others = accepted_tables(ctx, batch, [name for name in contract.tables if name != main])
    features = features_of_part(ctx, part, others)
    keys = row_keys(part, contract.tables[main].key, contract.normalise_keys)
    frame: pd.DataFrame = predict_frame(ctx, champion, keys, features)
    return frame


def merge_scores(
    ctx: UseCaseContext, batch: Batch, champion: Champion, done: Sequence[PartitionWork]
) -> FileRef | None:
    """The file of all scores out of what was done elsewhere; None where that was by another champion or is not all."""
    ready = {tuple(work["rows"]): work for work in done if work["generation"] == champion.generation and "file" in work}
    wanted = [tuple(work["rows"]) for work in works(ctx, batch, champion)]
    if any(each not in ready for each in wanted):
        return None
    return ctx.lake.put_parts((ctx.lake.frame(ready[each]["file"]) for each in wanted), "predictions")


def score_all(ctx: UseCaseContext, batch: Batch, champion: Champion) -> FileRef:
    """The file of all scores, made here, one range after the other."""
    ranges = [range(*work["rows"]) for work in works(ctx, batch, champion)]
    return ctx.lake.put_parts((score_rows(ctx, batch, champion, each) for each in ranges), "predictions")


def _accepted(ctx: UseCaseContext, batch: Batch) -> FileRef:
    accepted = batch.tables[ctx.case.contract.main].accepted
    if accepted is None:
        raise ModelError(f"batch {batch.id} has no accepted rows: it is {batch.state}")
    return accepted
