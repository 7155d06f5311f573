"""The source `python`: a module of the use case's own folder.

It defines `available() -> list of keys`, `fetch(key, interval) -> table name to DataFrame` and
`outcomes(key, interval) -> DataFrame or None`; the contract's `source.options` are passed on as keyword arguments.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gatehouse.adapters.sources import normalise
from gatehouse.core.audit.canonical_json import sha256
from gatehouse.errors import ConfigurationError, GatehouseError, SourceError
from gatehouse.ports import Source
from gatehouse.user_code import DATA_ENGINEER, user_code

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    import pandas as pd

    from gatehouse.core.config.contract import Contract, PythonSource
    from gatehouse.core.contract.batch_calendar import Interval

FUNCTIONS = ("available", "fetch", "outcomes")


class PythonModuleSource(Source):
    """Whatever the module raises becomes a SourceError with the original chained; a named error stays what it is."""

    def __init__(self, contract: Contract, spec: PythonSource, folder: Path) -> None:
        self._contract, self._options = contract, spec.options
        self._path = folder / f"{spec.module}.py"
        self._module = _load(self._path)

    def available(self) -> list[str]:
        """What the module's `available()` returns, in the order of time."""
        keys = self._call("available")
        if not isinstance(keys, (list, tuple)) or not all(isinstance(key, str) for key in keys):
            raise SourceError(f"{self._path}: available() returned {keys!r:.80}; it must return a list of keys")
        return normalise.sorted_keys(self._contract, keys, str(self._path))

    def fetch(self, key: str, interval: Interval) -> Mapping[str, pd.DataFrame]:
        """What the module's `fetch()` returns; a DataFrame a table."""
        import pandas as pd

        frames = self._call("fetch", key, interval)
        if not isinstance(frames, Mapping) or not all(isinstance(frame, pd.DataFrame) for frame in frames.values()):
            raise SourceError(
                f"{self._path}: fetch({key!r}) returned {type(frames).__name__}; it must map table names to DataFrames"
            )
        return normalise.tables(self._contract, frames, dict.fromkeys(frames, f"{self._path}: fetch({key!r})"))

    def outcomes(self, key: str, interval: Interval) -> pd.DataFrame | None:
        """What the module's `outcomes()` returns; None while there are none."""
        import pandas as pd

        frame = self._call("outcomes", key, interval)
        if frame is not None and not isinstance(frame, pd.DataFrame):
            raise SourceError(
                f"{self._path}: outcomes({key!r}) returned {type(frame).__name__}; it must return a DataFrame or None"
            )
        return None if frame is None else normalise.outcomes(self._contract, frame, f"{self._path}: outcomes({key!r})")

    def _call(self, function: str, *args: Any) -> Any:
        given = ", ".join(repr(arg) for arg in args[:1])
        with user_code(SourceError, self._path, f"{function}({given})", DATA_ENGINEER):
            return getattr(self._module, function)(*args, **self._options)


def _load(path: Path) -> ModuleType:
    """Import the file under a name of its own: two use cases never share a module, nor the state in it."""
    name = f"gatehouse_source_{path.parent.name}_{sha256(str(path.resolve()))[:8]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise ConfigurationError(
            "the module of the source does not exist",
            where="contract.yaml: source.module",
            found=str(path),
            owner="data engineer",
        )
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with user_code(SourceError, path, "the import", DATA_ENGINEER):
            spec.loader.exec_module(module)
    except GatehouseError:
        del sys.modules[name]
        raise
    missing = [function for function in FUNCTIONS if not callable(getattr(module, function, None))]
    if missing:
        raise SourceError(f"{path} does not define {', '.join(missing)}; a source defines {', '.join(FUNCTIONS)}")
    return module
