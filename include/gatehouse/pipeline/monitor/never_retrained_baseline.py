"""What the first champion would have come to on the rows that the present one is measured on: never having retrained."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from gatehouse.context import UseCaseContext
from gatehouse.core.types import Champion
from gatehouse.errors import GatehouseError
from gatehouse.pipeline.batch_data.labelled_rows import metric_on
from gatehouse.pipeline.score import model_inputs

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd


def first_champion_score(
    ctx: UseCaseContext, champion: Champion, labelled: pd.DataFrame, matured: Mapping[str, Any]
) -> float | None:
    """The metric of the first champion on the labelled rows; while that one serves, the value that was measured.
    `matured` is what `quality.quality` found on these rows.

    None where it cannot be told: no rows, a file that is gone, inputs that the first model does not take. A comparison
    for people must not stop the watch.
    """
    measured: float | None = (matured.get("value") or {}).get("value")
    if champion.generation == 1 or measured is None:
        return measured
    first = ctx.ledger.models.promotions(ctx.name)[0].version
    if first == champion.model.version:
        return measured
    model = ctx.ledger.models.get(ctx.name, first)
    try:
        estimator = ctx.models.load(ctx.lake.read(model.file), model.file.sha256)
        predicted = ctx.models.predict(estimator, model_inputs(labelled), ctx.case.retrain.task)
        value = metric_on(matured["metric"], labelled, predicted)
    except (GatehouseError, LookupError, TypeError, ValueError):
        return None
    return value if math.isfinite(value) else None
