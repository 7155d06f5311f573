"""A batch's turn: score it. A batch that the model code or the champion cannot take is its own error and holds up no other."""

from __future__ import annotations

from collections.abc import Sequence

from gatehouse.context import PartitionWork, UseCaseContext
from gatehouse.core.types import BatchId, Prediction
from gatehouse.errors import ModelError, NotScoredError, UntrustedModelError
from gatehouse.pipeline.monitor.monitor_batch import monitor_batch
from gatehouse.pipeline.score import score


def score_in_turn(ctx: UseCaseContext, batch_id: BatchId, done: Sequence[PartitionWork] = ()) -> Prediction | None:
    """Score a batch as `score.score` does.

    When `features()` or the champion raises on its rows, or the champion predicts no finite number, the error becomes the
    batch's watch verdict and NotScoredError is raised: the batch has a visible end, and the next one has its turn. The batch
    can still be scored later. A model file that cannot be trusted is no fault of the batch: no verdict is recorded.
    """
    try:
        return score(ctx, batch_id, done)
    except UntrustedModelError:
        raise
    except ModelError as error:
        sentence = f"batch {batch_id} has no scores: {error}"
        monitor_batch(ctx, batch_id, sentence)
        raise NotScoredError(sentence) from error
