"""What measuring works on: the challenger, the champion, and the rows that both are judged on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gatehouse.context import UseCaseContext
from gatehouse.core.types import Champion, ModelVersion, TrainingSet
from gatehouse.errors import ModelError
from gatehouse.pipeline.batch_data.row_keys import LABEL
from gatehouse.pipeline.score import model_inputs

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True)
class MeasurementContext:
    """The challenger under measurement. `frame` holds the held-out rows with their `gh_*` marks, `estimator` and
    `reigning` the loaded models, `predictions` and `former` what they predict for these rows."""

    ctx: UseCaseContext
    model: ModelVersion
    champion: Champion | None
    training_set: TrainingSet
    frame: pd.DataFrame
    estimator: Any
    predictions: NDArray[np.float64]
    reigning: Any = None
    former: NDArray[np.float64] | None = None

    @cached_property
    def inputs(self) -> pd.DataFrame:
        """The feature columns of the held-out rows."""
        inputs: pd.DataFrame = model_inputs(self.frame)
        return inputs

    @cached_property
    def labels(self) -> NDArray[np.float64]:
        """The outcomes of the held-out rows."""
        return self.frame[LABEL].to_numpy("float64")

    def sample(self, rows: int) -> pd.DataFrame:
        """At most so many rows of the inputs, spread evenly over the holdout."""
        step = max(1, len(self.inputs) // rows)
        return self.inputs.iloc[::step].head(rows).reset_index(drop=True)

    def column(self, name: str) -> pd.Series[Any]:
        """A feature of the held-out rows; ModelError lists the features there are."""
        if name not in self.inputs:
            raise ModelError(f"the model has no feature {name!r}; it has {', '.join(map(str, self.inputs))}")
        return self.inputs[name]

    def predict(self, inputs: pd.DataFrame) -> NDArray[np.float64]:
        """What the challenger predicts for other inputs."""
        return self.ctx.models.predict(self.estimator, inputs, self.ctx.case.retrain.task)
