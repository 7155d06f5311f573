"""Fitting, predicting, storing and measuring estimators: the port `ModelStore` over scikit-learn and skops."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from gatehouse.adapters.models import dask_fit, model_probe, plots, skops_format, storable
from gatehouse.adapters.models.sample_weights import weight_arguments
from gatehouse.core.rows.with_columns import with_columns
from gatehouse.core.statistics.metrics import evaluate, metric_named
from gatehouse.errors import ModelError, ServiceUnavailableError, UndefinedPredictionError, UntrustedModelError
from gatehouse.ports import ModelProbe, ModelStore, ModelTrust
from gatehouse.user_code import DATA_SCIENTIST, described

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from gatehouse.core.gate.evidence import Task

IMPORTANCE_ROWS = 2000
METHODS: dict[Task, str] = {"classification": "predict_proba", "multiclass": "predict_proba", "regression": "predict"}
SHUFFLED_AT_ONCE = 16  # features that are predicted together: the overhead of one prediction is that of many rows


class SkopsModels(ModelStore):
    """Estimators by an allow-list of types and what the use case's `trust` adds; fitted in this process, or on the Dask
    cluster at `dask`. With more than two `classes`, predictions have a column for each."""

    def __init__(self, dask: str = "", trust: ModelTrust = skops_format.NOBODY, classes: int = 0) -> None:
        self._dask, self._trust, self._classes = dask, trust, classes

    def check_storable(self, name: str, estimator: Any) -> None:
        if isinstance(estimator, type):
            return  # `fit` says what is wrong with it
        self._stored(name, estimator)

    def fit(
        self,
        name: str,
        estimator: Any,
        features: pd.DataFrame,
        labels: NDArray[np.float64],
        weights: NDArray[np.float64] | None = None,
    ) -> Any:
        _refuse_unusable(name, estimator, labels)
        weighted = weight_arguments(name, estimator, weights)
        address = "" if self._dask and storable.holds_own_code(estimator) else self._dask
        try:
            return dask_fit.fit(address, estimator, features, labels, weighted)
        except ServiceUnavailableError:
            raise
        except MemoryError as error:
            allowed = "less; `limits: {memory_gib}` in retrain.yaml allows more, as far as the machine has it"
            raise ModelError(
                f"estimator {name!r} ran out of memory in fit",
                found=described(error),
                allowed=allowed,
                owner=DATA_SCIENTIST,
            ) from error
        except (Exception, SystemExit) as error:
            raise ModelError(f"estimator {name!r} raised in fit: {described(error)}") from error

    def predict(self, estimator: Any, features: pd.DataFrame, task: Task) -> NDArray[np.float64]:
        return predictions(estimator, features, task, self._classes)

    def dump(self, estimator: Any) -> bytes:
        return self._stored(type(estimator).__name__, estimator)

    def _stored(self, name: str, estimator: Any) -> bytes:
        storable.refuse_nameless(name, estimator)
        storable.forget_names(estimator)
        try:
            return skops_format.dumps(estimator, self._trust)
        except UntrustedModelError as error:
            raise UntrustedModelError(
                f"estimator {name!r} cannot be stored: {error.what}", where=error.where, found=error.found,
                allowed=error.allowed, owner=error.owner,
            ) from error  # fmt: skip
        except Exception as error:  # skops refuses what it cannot write in many ways
            raise ModelError(
                f"estimator {name!r} cannot be stored: skops cannot write it",
                found=described(error),
                allowed="estimators whose state is numbers, texts, arrays, and lists and dictionaries of them",
                owner=DATA_SCIENTIST,
            ) from error

    def parameters(self, estimator: Any) -> dict[str, Any]:
        final = estimator[-1] if hasattr(estimator, "steps") else estimator
        if not hasattr(final, "get_params"):
            return {}
        return {f"{type(final).__name__}.{name}": value for name, value in final.get_params(deep=False).items()}

    def load(self, data: bytes, sha256: str) -> Any:
        return skops_format.loads(data, sha256, self._trust)

    def unusual_types(self, data: bytes) -> list[str]:
        return skops_format.unusual_types(data)

    def probe(self, data: bytes, sha256: str, features: pd.DataFrame, task: Task) -> ModelProbe:
        return model_probe.measure(data, sha256, features, task, self._trust)

    def plots(
        self, task: Task, labels: NDArray[np.float64], predictions: NDArray[np.float64], importance: Mapping[str, float]
    ) -> dict[str, bytes]:
        return plots.candidate_plots(task, labels, predictions, importance)

    def importance(
        self, estimator: Any, features: pd.DataFrame, labels: NDArray[np.float64], metric: str, task: Task, seed: int
    ) -> dict[str, float]:
        """On at most 2,000 rows drawn with `seed`, one shuffle a feature: a ranking to look at, not a test."""
        import pandas as pd

        random = np.random.default_rng(seed)
        rows = np.sort(random.permutation(len(labels))[:IMPORTANCE_ROWS])
        sample, known = features.iloc[rows].reset_index(drop=True), labels[rows]
        loss = metric_named(metric).loss
        before = loss(evaluate(metric, known, predictions(estimator, sample, task, self._classes)))
        worse: dict[str, float] = {}
        for first in range(0, sample.shape[1], SHUFFLED_AT_ONCE):
            names = list(sample)[first : first + SHUFFLED_AT_ONCE]
            shuffled = pd.concat([_shuffled(sample, name, random) for name in names], ignore_index=True)
            predicted = predictions(estimator, shuffled, task, self._classes)
            for name, found in zip(names, np.split(predicted, len(names)), strict=True):
                worse[str(name)] = loss(evaluate(metric, known, found)) - before
        return dict(sorted(worse.items(), key=lambda item: -item[1]))


def _refuse_unusable(name: str, estimator: Any, labels: NDArray[np.float64]) -> None:
    """Raise ModelError for what cannot be fitted, in words that no library finds for it."""
    from sklearn.base import is_classifier

    if isinstance(estimator, type) or not hasattr(estimator, "fit"):
        kind = f"the class {estimator.__name__}" if isinstance(estimator, type) else f"a {type(estimator).__name__}"
        raise ModelError(
            f"estimator {name!r} cannot be fitted; found {kind}; allowed: an unfitted scikit-learn estimator"
        )
    if not len(labels):
        raise ModelError(f"estimator {name!r}: there are no labelled rows to fit it on")
    if is_classifier(estimator) and len(np.unique(labels)) < 2:
        found = f"{labels[0]:g} in all of {len(labels)} rows"
        raise ModelError(f"estimator {name!r}: the training labels hold one class only; found {found}, needed two")


def _shuffled(sample: pd.DataFrame, name: Any, random: np.random.Generator) -> pd.DataFrame:
    return with_columns(sample, {name: sample[name].take(random.permutation(len(sample))).set_axis(sample.index)})


def predictions(estimator: Any, features: pd.DataFrame, task: Task, classes: int = 0) -> NDArray[np.float64]:
    """The probability of class 1, or the number, a row (rows,); for more than two classes the probability of each
    (rows, classes), 0 for a class that the training rows did not hold. ModelError for anything else than finite numbers."""
    name, method = type(estimator[-1] if hasattr(estimator, "steps") else estimator).__name__, METHODS[task]
    if not hasattr(estimator, method):
        raise ModelError(f"{name} has no {method}(); a {task} needs an estimator with {method}()")
    try:
        raw = estimator.predict(features) if task == "regression" else estimator.predict_proba(features)
        raw = raw[:, 1] if task == "classification" else raw
        values: NDArray[np.float64] = np.asarray(raw, dtype=np.float64)
        values = _by_place(values, estimator.classes_, classes) if task == "multiclass" else values
    except (Exception, SystemExit) as error:
        raise ModelError(f"{name} raised in predict: {described(error)}") from error
    return checked_predictions(name, values, len(features), values.shape[1] if task == "multiclass" else 0)


def _by_place(values: NDArray[np.float64], known: Any, classes: int) -> NDArray[np.float64]:
    """The columns of the classes that the estimator was fitted on, at their places among all."""
    places = np.asarray(known, dtype=np.float64).astype(np.intp)
    if np.array_equal(places, np.arange(max(classes, len(places)))):
        return values
    spread = np.zeros((len(values), max(classes, int(places.max()) + 1)))
    spread[:, places] = values
    return spread


def checked_predictions(name: str, values: NDArray[np.float64], rows: int, classes: int = 0) -> NDArray[np.float64]:
    """The values, where they are finite numbers, one for each row, or of more than two classes one for each of them;
    ModelError says what they are instead."""
    allowed = (rows, classes) if classes else (rows,)
    if values.shape != allowed or values.dtype != np.float64:
        each = "one number for each class a row" if classes else "one number a row"
        raise ModelError(f"{name} predicted an array of shape {values.shape}; allowed: {allowed}, {each}")
    undefined = np.flatnonzero(~np.isfinite(values if values.ndim == 1 else values.sum(axis=1)))
    if len(undefined):
        row = int(undefined[0])
        raise UndefinedPredictionError(
            f"{name} predicted {len(undefined)} values that are not finite among {len(values)}, the first is "
            f"{values[row]}; allowed: finite numbers",
            row,
        )
    return values
