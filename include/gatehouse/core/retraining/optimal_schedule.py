"""The best moments to have retrained, in hindsight: what no policy could have known, and none can beat.

A bound for policies, as in Mahadevan and Mathioudakis, "Cost-Aware Retraining for Machine Learning"
(arXiv 2310.04216), where it is the offline optimum over all retraining schedules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def optimal_schedule(
    losses: NDArray[np.float64], starts: Sequence[int], changes: int, price: float = 0.0
) -> tuple[int, ...]:
    """Which models to have served, in the order of time, for the least sum of losses.

    `losses` has a row for each model and a column for each batch; model `m` can serve from batch `starts[m]` on, and
    model 0 serves first. A batch whose loss is NaN for any model that could have served it counts for none. At most
    `changes` changes of model, each of which costs `price`. Dynamic programming over (model, changes so far), in
    O(models^2 * changes + models * batches).
    """
    models, batches = losses.shape
    able = np.arange(batches)[None, :] >= np.asarray(starts)[:, None]
    usable = ~(np.isnan(losses) & able).any(axis=0)
    sums = np.concatenate([np.zeros((models, 1)), np.cumsum(np.where(usable & able, losses, 0.0), axis=1)], axis=1)
    best: dict[tuple[int, int], tuple[float, tuple[int, ...]]] = {(0, 0): (0.0, (0,))}
    for model in range(1, models):
        for used in range(1, changes + 1):
            ways = [
                (cost + sums[last, starts[model]] - sums[last, starts[last]] + price, (*way, model))
                for (last, count), (cost, way) in best.items()
                if count == used - 1 and last < model
            ]
            if ways:
                best[model, used] = min(ways)
    ended = [(cost + sums[last, -1] - sums[last, starts[last]], way) for (last, _), (cost, way) in best.items()]
    return min(ended, key=lambda each: (each[0], len(each[1])))[1]
