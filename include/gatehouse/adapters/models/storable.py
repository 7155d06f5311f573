"""Looks through an estimator before it is stored: for what no file can name, and for names that a library drew by lot."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, MethodType
from typing import Any

from gatehouse.errors import UntrustedModelError
from gatehouse.model_code import place_of
from gatehouse.own_code import IMPORTED
from gatehouse.user_code import DATA_SCIENTIST, is_library


def refuse_nameless(name: str, estimator: Any) -> None:
    """Raise UntrustedModelError for a lambda, and for a function or class that is defined inside another one."""
    for thing in reached(estimator):
        kind = thing if isinstance(thing, FunctionType | type) else type(thing)
        if _named(kind):
            continue
        what = "a lambda" if kind.__name__ == "<lambda>" else f"{kind.__qualname__}, which is not at a file's top level"
        raise UntrustedModelError(
            f"estimator {name!r} cannot be stored: a model file refers to functions and classes by their names",
            where=_place(kind), found=what, owner=DATA_SCIENTIST,
            allowed="a `def` or `class` at the top level of model.py, such as `def double(x): return 2 * x`",
        )  # fmt: skip


def holds_own_code(estimator: Any) -> bool:
    """Whether a part of it is of a use case's own code, which no other machine has imported."""
    kinds = (thing if isinstance(thing, FunctionType | type) else type(thing) for thing in reached(estimator))
    return any(str(kind.__module__).startswith(IMPORTED) for kind in kinds)


def forget_names(estimator: Any) -> None:
    """Empty what CatBoost writes into a fitted model for its files: a random name, and the time at which it was done."""
    for thing in reached(estimator):
        if type(thing).__module__.startswith("catboost.") and hasattr(thing, "is_fitted") and thing.is_fitted():
            metadata = thing.get_metadata()
            for key in ("model_guid", "train_finish_time"):
                metadata[key] = ""


def _named(kind: Any) -> bool:
    """Whether the name of a function or class leads back to it; what libraries make is theirs to store."""
    module = sys.modules.get(getattr(kind, "__module__", None) or "")
    file = getattr(module, "__file__", None)
    return file is None or is_library(Path(file)) or getattr(module, kind.__name__, None) is kind


def _place(kind: Any) -> str:
    code = getattr(kind, "__code__", None)
    file = str(sys.modules[kind.__module__].__file__)
    return (
        f"{code.co_filename}:{code.co_firstlineno}" if code else place_of(Path(file), kind.__qualname__.split(".")[0])
    )


def reached(thing: Any) -> Iterator[Any]:
    """What an object holds, however deep, each once."""
    waiting, seen = [thing], set()
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, str | bytes | int | float | complex | None):
            continue
        seen.add(id(each))
        yield each
        waiting += _held(each)


def _held(thing: Any) -> list[Any]:
    if isinstance(thing, dict):
        return [*thing.keys(), *thing.values()]
    if isinstance(thing, list | tuple | set | frozenset):
        return list(thing)
    if isinstance(thing, functools.partial):
        return [thing.func, *thing.args, *thing.keywords.values()]
    if isinstance(thing, MethodType):
        return [thing.__self__]
    if isinstance(thing, FunctionType | type):
        return []
    return list(getattr(thing, "__dict__", {}).values())
