"""A use case's code, called in its own process: what `model.py` defines, as the pipeline sees it."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from gatehouse.adapters.code_process.process import Limits, Process
from gatehouse.core.contract.batch_calendar import Span
from gatehouse.errors import ModelError
from gatehouse.ports import CodeProcess

if TYPE_CHECKING:
    import pandas as pd

    from gatehouse.core.config.retrain import CodeLimits
    from gatehouse.model_code import ModelCode
    from gatehouse.use_case import UseCase

MOST_AT_ONCE = 4  # use cases whose processes one task keeps
_START = datetime(2000, 1, 1, tzinfo=UTC)
_RUNNING: dict[tuple[int, Path], RemoteCode] = {}


@dataclass(eq=False)
class Handle:
    """An estimator or model in the process: its number there, and in which start of it."""

    process: Process
    number: int
    start: int
    name: str = ""

    @classmethod
    def of(cls, process: Process, number: Any, name: str = "") -> Handle:
        """A handle that lets go of what it names when nobody has it any more."""
        handle = cls(process, int(number), process.starts, name)
        weakref.finalize(handle, process.forget, handle.start, handle.number)
        return handle

    def __int__(self) -> int:
        if self.start != self.process.starts:
            raise ModelError(f"the process that held {self.name or 'the model'} has ended; its code ended it")
        return self.number


class RemoteCode(CodeProcess):
    """The code of one use case; `METRICS`, `SLICES` and `weights` are what `model.py` has under these
    names."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.process = Process(folder, limits)

    def warm_up(self) -> None:
        self.process.start()

    def model(self) -> ModelCode:
        assert self._described is not None  # what importing it raises is raised here
        return cast("ModelCode", self)

    @cached_property
    def _described(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.process.call("describe", "the import")
        return found

    @property
    def SLICES(self) -> tuple[str, ...]:  # noqa: N802 - the name in `model.py`
        """The feature columns that rules judge group by group."""
        return tuple(self._described["slices"])

    @property
    def weights(self) -> Callable[[Mapping[str, pd.DataFrame]], pd.Series[float]] | None:
        """weights() of `model.py`; None where it has none."""
        return self._weights if self._described["weights"] else None

    def _weights(self, tables: Mapping[str, pd.DataFrame]) -> pd.Series[float]:
        made = self.process.call("weights", "weights()", tables=tables)
        return cast("pd.Series[float]", made["weight"].rename(None))

    @property
    def METRICS(self) -> dict[str, Any]:  # noqa: N802 - the name in `model.py`
        """Its own metrics, each a function that asks the process."""
        known = self._described["metrics"]
        return {name: self._metric(name) if can_be_called else None for name, can_be_called in known.items()}

    def _metric(self, name: str, archive: str = "") -> Callable[..., Any]:
        ask = partial(self.process.call, "metric", f"{name}()", name=name, archive=archive)
        return lambda *arguments: ask(arguments=arguments)

    def estimators(self, seed: int) -> dict[str, Handle]:
        """A handle for each estimator."""
        made = self.process.call("estimators", "estimators()", seed=seed)
        return {name: Handle.of(self.process, number, f"estimator {name!r}") for name, number in made.items()}

    def features(self, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
        return cast("pd.DataFrame", self.process.call("features", "features()", tables=tables))

    def labels(self, outcomes: pd.DataFrame) -> pd.Series[float]:
        return cast(
            "pd.Series[float]", self.process.call("labels", "target()", outcomes=outcomes)["label"].rename(None)
        )

    def rule(self, file: Path, code: bytes, function: str, rows: pd.DataFrame) -> Any:
        given: dict[str, Any] = {"file": file.name, "code": code, "function": function, "rows": rows}
        return self.process.call("rule", f"{file.name}: {function}()", **given)

    def archived_metrics(self, code: bytes) -> Mapping[str, Callable[..., Any]]:
        found = self.process.call("archive", "the archived metrics", code=code)
        return {name: self._metric(name, found["archive"]) for name in found["metrics"]}


def process_of(case: UseCase) -> RemoteCode:
    """The process of the use case's code: one for each use case, started with its first call."""
    key = (os.getpid(), case.folder)
    found = _RUNNING.pop(key, None) or RemoteCode(case.folder, limits_of(case.retrain.limits))
    _RUNNING[key] = found  # the newest last
    for oldest in list(_RUNNING)[:-MOST_AT_ONCE]:
        _RUNNING.pop(oldest).process.close()
    return found


def limits_of(given: CodeLimits) -> Limits:
    """The limits of `retrain.yaml` in seconds and bytes."""
    call, fit = ((Span.parse(each).after(_START) - _START).total_seconds() for each in (given.call, given.fit))
    return Limits(call, fit, int((given.memory_gib or 0) * 2**30))
