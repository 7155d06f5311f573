"""`model.py` of a use case: how it is imported, and what it must and may define."""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from gatehouse.errors import GatehouseError, ModelError
from gatehouse.own_code import module_name
from gatehouse.user_code import DATA_SCIENTIST, user_code

if TYPE_CHECKING:
    import pandas as pd

REQUIRED = ("features", "target", "estimators")


class ModelCode(Protocol):
    """What `model.py` defines. It may also define SLICES, the feature columns that rules judge group by group, METRICS, its
    own metrics by name (`core/statistics/custom_metrics.py`), and weights(), how much each row counts."""

    features: Callable[[Mapping[str, pd.DataFrame]], pd.DataFrame]
    target: Callable[[pd.DataFrame], pd.Series[float]]
    estimators: Callable[[int], dict[str, Any]]


def load_model_code(path: Path) -> ModelCode:
    """Import `model.py` under a name of its own, so that two use cases never share a module. It is a package, so it may
    import other files of its folder: `from .helpers import Clip`."""
    name = module_name(path)
    if name in sys.modules:
        return cast("ModelCode", sys.modules[name])
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=[str(path.parent)])
    if spec is None or spec.loader is None:
        raise ModelError("the file cannot be imported", where=str(path), owner=DATA_SCIENTIST)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with user_code(ModelError, path, "the import", DATA_SCIENTIST):
            spec.loader.exec_module(module)
    except GatehouseError:
        for each in [each for each in sys.modules if each == name or each.startswith(f"{name}.")]:
            del sys.modules[each]
        raise
    missing = [function for function in REQUIRED if not callable(getattr(module, function, None))]
    if missing:
        raise ModelError(
            f"it does not define {', '.join(f'{function}()' for function in missing)}",
            where=str(path),
            allowed=f"the functions {', '.join(REQUIRED)} are required; weights(), SLICES and METRICS are optional",
            owner=DATA_SCIENTIST,
        )
    return cast("ModelCode", module)


def estimators_of(model: ModelCode, path: Path, seed: int) -> dict[str, Any]:
    """Return what `estimators(seed)` gives: unfitted estimators by name, at least one."""
    with user_code(ModelError, path, "estimators()", DATA_SCIENTIST):
        made = model.estimators(seed)
    if isinstance(made, Mapping) and made and all(isinstance(name, str) and name for name in made):
        return dict(made)
    found = f"names {list(made)!r:.80}" if isinstance(made, Mapping) and made else f"{made!r:.80}"
    raise ModelError(
        "estimators() returned no estimators by name",
        where=place_of(path, "estimators"),
        found=found,
        allowed='a dictionary of names to unfitted estimators, such as {"logistic": LogisticRegression()}',
        owner=DATA_SCIENTIST,
    )


def slices_of(model: ModelCode, path: Path) -> tuple[str, ...]:
    """Return the columns in SLICES; none where `model.py` does not define it."""
    slices = getattr(model, "SLICES", ())
    if isinstance(slices, list | tuple) and all(isinstance(name, str) for name in slices):
        return tuple(dict.fromkeys(slices))
    raise ModelError(
        "SLICES holds no names of columns",
        where=place_of(path, "SLICES"),
        found=f"{slices!r:.80}",
        allowed='a tuple of feature columns, such as ("group",)',
        owner=DATA_SCIENTIST,
    )


def has_weights(model: ModelCode, path: Path) -> bool:
    """Whether it defines weights(); ModelError where the name means something else than a function."""
    found = getattr(model, "weights", None)
    if found is None or callable(found):
        return found is not None
    raise ModelError(
        "weights is no function",
        where=place_of(path, "weights"),
        found=f"a {type(found).__name__}",
        allowed="def weights(tables), which returns a number of 0 or more for each row; another name for anything else",
        owner=DATA_SCIENTIST,
    )


def check_slices(slices: Sequence[str], columns: Sequence[str], path: Path) -> None:
    """Raise ModelError when SLICES names a column that `features()` does not return."""
    unknown = [name for name in slices if name not in columns]
    if unknown:
        raise ModelError(
            "SLICES names a column that features() does not return",
            where=place_of(path, "SLICES"),
            found=", ".join(map(repr, unknown)),
            allowed=", ".join(columns),
            owner=DATA_SCIENTIST,
        )


def place_of(path: Path, name: str) -> str:
    """Return `file:line` of where the file defines a name at its top level; the file alone where that is not found."""
    try:
        body = ast.parse(path.read_text(encoding="utf-8")).body
    except (OSError, SyntaxError, ValueError):
        return str(path)
    for node in body:
        named = [target.id for target in getattr(node, "targets", []) if isinstance(target, ast.Name)]
        named += [node.target.id] if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) else []
        if name in named or getattr(node, "name", None) == name:
            return f"{path}:{node.lineno}"
    return str(path)
