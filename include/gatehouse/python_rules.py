"""Rules and metrics that a use case writes in Python: run from the bytes that are on record, not from an import."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from gatehouse.core.audit.canonical_json import sha256
from gatehouse.errors import ModelError
from gatehouse.user_code import RISK_OWNER, user_code

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


def call_rule(path: Path, code: bytes, function: str, rows: pd.DataFrame) -> Any:
    """What a function of the file says about the held-out rows; ModelError when it raises or is not there."""
    space: dict[str, Any] = {"__name__": f"gatehouse_rules_{sha256(code)[:8]}", "__file__": str(path)}
    with user_code(ModelError, path, "the file", RISK_OWNER):
        exec(compile(code, str(path), "exec"), space)  # noqa: S102 - the use case's own code, as model.py is
    if not callable(space.get(function)):
        raise ModelError(f"{path.name} has no function {function!r}")
    with user_code(ModelError, path, f"{function}()", RISK_OWNER):
        return space[function](rows)


def archived_metrics(code: bytes) -> Mapping[str, Callable[..., Any]]:
    """The functions in METRICS of an archived `model.py`."""
    space: dict[str, Any] = {"__name__": f"gatehouse_archived_{sha256(code)[:8]}"}
    exec(compile(code, "model.py", "exec"), space)  # noqa: S102 - the use case's own code, by its recorded hash
    found: Mapping[str, Callable[..., Any]] = space.get("METRICS", {})
    return found
