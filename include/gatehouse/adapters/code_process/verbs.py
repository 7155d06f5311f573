"""What the process of a use case's code can be asked for. Estimators and models stay here; the task has their numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from gatehouse.adapters.code_process.errors import to_document
from gatehouse.adapters.models.sklearn_models import SkopsModels
from gatehouse.core.audit.canonical_json import sha256
from gatehouse.errors import ModelError
from gatehouse.model_code import slices_of
from gatehouse.python_rules import archived_metrics, call_rule
from gatehouse.use_case import UseCase, load
from gatehouse.use_case_code import features_of, labels_of, weights_of
from gatehouse.user_code import DATA_SCIENTIST, user_code

Value = Mapping[str, Any]


class Verbs:
    """Each public method is a verb, but for `answer`: values in, plain values, tables and arrays out."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._numbers = folder, count(1)
        self._held: dict[int, Any] = {}
        self._archived: dict[str, Mapping[str, Callable[..., Any]]] = {}

    def answer(self, call: Value) -> dict[str, Any]:
        """What the verb gives, or the error that it raised."""
        for number in call.get("forget", ()):
            self._held.pop(number, None)
        try:
            return {"value": getattr(self, str(call["verb"]))(**call["with"])}
        except BaseException as error:  # the code may raise anything; the task hears of it
            return {"error": to_document(error, self._folder / "model.py")}

    @cached_property
    def _case(self) -> UseCase:
        return load(self._folder)

    @cached_property
    def _models(self) -> SkopsModels:
        return SkopsModels(trust=self._case.model_trust, classes=len(self._case.retrain.class_names))

    def _hold(self, thing: Any) -> int:
        number = next(self._numbers)
        self._held[number] = thing
        return number

    def describe(self) -> Value:
        """The names in SLICES, those in METRICS with whether each can be called, and whether there is weights()."""
        metrics = getattr(self._case.model, "METRICS", {})
        return {
            "weights": self._case.has_weights,
            "slices": slices_of(self._case.model, self._case.model_file),
            "metrics": {name: callable(function) for name, function in metrics.items()},
        }

    def features(self, tables: Value) -> Any:
        """The features of the rows of the main table."""
        return features_of(self._case, tables)

    def weights(self, tables: Value) -> Any:
        """The weights of the rows of the main table, as a table of one column."""
        return weights_of(self._case, tables).to_frame("weight")

    def labels(self, outcomes: Any) -> Any:
        """The labels of the outcomes, as a table of one column."""
        return labels_of(self._case, outcomes).to_frame("label")

    def estimators(self, seed: int) -> Value:
        """A number for each estimator that `estimators(seed)` gives."""
        return {name: self._hold(made) for name, made in self._case.estimators(seed).items()}

    def metric(self, name: str, archive: str, arguments: Any) -> Any:
        """What a function in METRICS gives: of `model.py`, or of an archived one."""
        functions = self._archived[archive] if archive else self._case.model.METRICS  # type: ignore[attr-defined]
        with user_code(ModelError, self._case.model_file, f"{name}()", DATA_SCIENTIST):
            return np.asarray(functions[name](*(each.copy() for each in arguments)), dtype=np.float64)

    def archive(self, code: bytes) -> Value:
        """Run an archived `model.py`; the hash that names it from now on, and the names of its metrics."""
        known = sha256(bytes(code))
        self._archived[known] = archived_metrics(bytes(code))
        return {"archive": known, "metrics": list(self._archived[known])}

    def rule(self, file: str, code: bytes, function: str, rows: Any) -> Any:
        """What a rule in Python says."""
        said = call_rule(self._folder / file, bytes(code), function, rows)
        return [_plain(each) for each in said] if isinstance(said, (tuple, list)) else _plain(said)

    def check_storable(self, name: str, estimator: int) -> None:
        """See `ModelStore`, as for all that follow."""
        self._models.check_storable(name, self._held[estimator])

    def fit(self, name: str, estimator: int, dask: str, features: Any, labels: Any, weights: Any) -> int:
        """A number for the fitted model."""
        models = SkopsModels(dask, self._case.model_trust)
        return self._hold(models.fit(name, self._held[estimator], features, labels, weights))

    def predict(self, estimator: int, features: Any, task: Any) -> Any:
        """A number for each row."""
        return self._models.predict(self._held[estimator], features, task)

    def dump(self, estimator: int) -> bytes:
        """The model's file."""
        return self._models.dump(self._held[estimator])

    def load(self, data: bytes, sha256: str) -> int:
        """A number for the model in a file."""
        return self._hold(self._models.load(bytes(data), sha256))

    def parameters(self, estimator: int) -> Value:
        """The parameters, each as a plain value."""
        return {name: _plain(value) for name, value in self._models.parameters(self._held[estimator]).items()}

    def importance(self, estimator: int, features: Any, labels: Any, metric: str, task: Any, seed: int) -> Value:
        """By how much the metric worsens, by feature."""
        known = self._case.model  # its own metrics are known by name from now on
        assert known is not None
        return self._models.importance(self._held[estimator], features, labels, metric, task, seed)


def _plain(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    return value if isinstance(value, (bool, int, float, str, type(None))) else str(value)
