"""The port `ModelStore` where a use case's code has a process of its own.

Estimators are fitted there. A model file without own code is opened here, as its types are all of libraries; one with own
code is opened in a process of its own, so neither `model.py` nor another model can change what it predicts.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from gatehouse.adapters.code_process.heartbeat import heartbeat
from gatehouse.adapters.code_process.process import Process
from gatehouse.adapters.code_process.remote_code import Handle, RemoteCode
from gatehouse.adapters.models import skops_format
from gatehouse.adapters.models.sklearn_models import SkopsModels, checked_predictions
from gatehouse.ports import ModelTrust

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from gatehouse.core.gate.evidence import Task


class ModelsElsewhere(SkopsModels):
    """What comes back is looked at again here: numbers of the right shape, bytes of a model file."""

    def __init__(self, code: RemoteCode, dask: str, trust: ModelTrust, classes: int = 0) -> None:
        super().__init__(dask, trust, classes)
        self._code = code.process

    def check_storable(self, name: str, estimator: Any) -> None:
        estimator.process.call("check_storable", f"estimator {name!r}", name=name, estimator=int(estimator))

    def fit(
        self,
        name: str,
        estimator: Any,
        features: pd.DataFrame,
        labels: NDArray[np.float64],
        weights: NDArray[np.float64] | None = None,
    ) -> Any:
        what, seconds = f"estimator {name!r}: fit", self._code.limits.fit_seconds
        given: dict[str, Any] = {"name": name, "estimator": int(estimator), "features": features, "labels": labels}
        given |= {"dask": self._dask, "weights": weights}
        with heartbeat(f"{self._code.folder.name}: {what}", self._code.pid):
            return Handle.of(self._code, self._code.call("fit", what, seconds, **given), name)

    def predict(self, estimator: Any, features: pd.DataFrame, task: Task) -> NDArray[np.float64]:
        if not isinstance(estimator, Handle):
            return super().predict(estimator, features, task)
        given: dict[str, Any] = {"estimator": int(estimator), "features": features, "task": task}
        found = estimator.process.call("predict", f"{estimator.name}: predict", **given)
        return checked_predictions(estimator.name, found, len(features), self._classes)

    def dump(self, estimator: Any) -> bytes:
        if not isinstance(estimator, Handle):
            return super().dump(estimator)
        return bytes(estimator.process.call("dump", f"storing {estimator.name}", estimator=int(estimator)))

    def load(self, data: bytes, sha256: str) -> Any:
        if not skops_format.holds_code(data):
            return super().load(data, sha256)
        alone = Process(self._code.folder, self._code.limits)
        handle = Handle.of(alone, alone.call("load", "opening the model", data=data, sha256=sha256), "the model")
        weakref.finalize(handle, alone.close)
        return handle

    def parameters(self, estimator: Any) -> dict[str, Any]:
        if not isinstance(estimator, Handle):
            return super().parameters(estimator)
        return dict(estimator.process.call("parameters", "get_params", estimator=int(estimator)))

    def importance(
        self, estimator: Any, features: pd.DataFrame, labels: NDArray[np.float64], metric: str, task: Task, seed: int
    ) -> dict[str, float]:
        if not isinstance(estimator, Handle):
            return super().importance(estimator, features, labels, metric, task, seed)
        given: dict[str, Any] = {"estimator": int(estimator), "features": features, "labels": labels, "metric": metric}
        found = estimator.process.call("importance", "permutation importance", **given, task=task, seed=seed)
        return {str(name): float(value) for name, value in found.items()}
