"""Features, estimators and metrics of a check: fitted, predicted, stored and loaded on a sample of labelled rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gatehouse.check.problem import Problems
from gatehouse.core.audit.canonical_json import sha256
from gatehouse.core.rows.row_keys import KEY
from gatehouse.core.statistics.metrics import why_undefined
from gatehouse.errors import ModelError
from gatehouse.model_code import check_slices, place_of, slices_of
from gatehouse.pipeline.batch_data.labelled_rows import metric_on
from gatehouse.pipeline.batch_data.row_keys import LABEL
from gatehouse.pipeline.fit import inner_split, make
from gatehouse.pipeline.score import model_inputs
from gatehouse.user_code import DATA_SCIENTIST, user_code

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from gatehouse.context import UseCaseContext
    from gatehouse.use_case import UseCase


@dataclass(frozen=True)
class Fitted:
    """An estimator that was fitted on the older rows of the sample, and what it predicts for the newer ones."""

    name: str
    estimator: Any
    newer: pd.DataFrame
    predictions: NDArray[np.float64]

    @property
    def labels(self) -> NDArray[np.float64]:
        """The labels of the newer rows."""
        return self.newer[LABEL].to_numpy("float64")


def sample(frames: Sequence[pd.DataFrame], rows: int) -> pd.DataFrame:
    """At most so many rows, spread evenly over the batches in their order."""
    import pandas as pd

    whole = pd.concat(frames, ignore_index=True)
    return whole.iloc[:: max(1, -(-len(whole) // rows))].reset_index(drop=True)


def with_made_up_labels(frame: pd.DataFrame, classes: int) -> pd.DataFrame:
    """The rows with 0 and 1, or the places of more classes, by the hash of their keys: what estimators can be tried on while
    there are no labels."""
    return frame.assign(**{LABEL: [float(int(sha256(str(key)), 16) % (classes or 2)) for key in frame[KEY]]})


def look_at_features(case: UseCase, frame: pd.DataFrame, problems: Problems) -> None:
    """Tell of columns that can teach a model nothing, and that `retrain.yaml` names columns that there are."""
    inputs = model_inputs(frame)
    with problems.during("features"):
        check_slices(slices_of(case.model, case.model_file), [str(name) for name in inputs], case.model_file)
    empty = [str(name) for name in inputs if inputs[name].isna().all()]
    constant = [str(name) for name in inputs if name not in empty and inputs[name].nunique(dropna=False) == 1]
    if empty:
        problems.hint("features", "features() returns columns without any value", ", ".join(empty))
    if constant and len(frame) > 1:
        problems.hint("features", "features() returns columns with one value only", ", ".join(constant))
    drift = case.retrain.triggers.drift
    for key, columns in {
        "triggers.drift.columns": drift.columns if drift else (),
        "triggers.drift.references": [name for group in drift.references for name in group.columns] if drift else (),
    }.items():
        unknown = [name for name in columns if name not in {*inputs, "score", "label"}]
        if unknown:
            what = "drift is asked for columns that features() does not return"
            problems.report("retrain", what, ", ".join(unknown), ", ".join(map(str, inputs)), f"retrain.yaml: {key}")


def fit_all(ctx: UseCaseContext, rows: pd.DataFrame, problems: Problems) -> list[Fitted]:
    """Take each estimator through a candidate's training and back from its file; those that work."""
    made = []
    for name in sorted(ctx.case.estimators()):
        where = ctx.case.model_file
        with problems.during("estimators"), user_code(ModelError, where, f"estimator {name!r}", DATA_SCIENTIST):
            made.append(_fitted(ctx, rows, name))
    return made


def _fitted(ctx: UseCaseContext, rows: pd.DataFrame, name: str) -> Fitted:
    """Fit, measure, store and load one estimator; ModelError where the loaded one predicts something else."""
    import numpy as np

    task, inputs = ctx.case.retrain.task, model_inputs(rows)
    candidate = make(ctx, rows, name)
    loaded = ctx.models.load(candidate.file, sha256(candidate.file))
    if not np.array_equal(
        ctx.models.predict(loaded, inputs, task), ctx.models.predict(candidate.estimator, inputs, task)
    ):
        raise ModelError(f"estimator {name!r} predicts something else after it was stored and loaded")
    _, newer = inner_split(rows)
    return Fitted(name, loaded, newer, ctx.models.predict(loaded, model_inputs(newer), task))


def stand_in(ctx: UseCaseContext, rows: pd.DataFrame) -> Fitted:
    """A model that predicts the mean: what rules and metrics are tried on while no estimator works."""
    from sklearn.dummy import DummyClassifier, DummyRegressor

    task = ctx.case.retrain.task
    older, newer = inner_split(rows)
    estimator = DummyRegressor() if task == "regression" else DummyClassifier()
    estimator.fit(model_inputs(older), older[LABEL].to_numpy("float64"))
    return Fitted("the mean", estimator, newer, ctx.models.predict(estimator, model_inputs(newer), task))


def measure_own(case: UseCase, fitted: Fitted, problems: Problems) -> None:
    """Call each function of METRICS as it will be called; one that gives no finite number is a problem."""
    for name in case.own_metrics:
        value = metric_on(name, fitted.newer, fitted.predictions)
        if value != value or value in (float("inf"), float("-inf")):
            why = why_undefined(name, fitted.labels, fitted.predictions)
            where = place_of(case.model_file, "METRICS")
            allowed = "a function of (labels, predictions, weights) that returns a finite number, or one for each row"
            problems.report("metrics", f"metric {name} cannot be measured", why, allowed, where)
