"""What a registered model needs to be loaded: the distributions of its types and of the imports of its code, pinned."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from importlib.metadata import packages_distributions, version

from gatehouse.adapters.models.skops_format import modules_of
from gatehouse.own_code import OwnCode
from gatehouse.ports import Registration

ALWAYS = ("mlflow", "skops")  # they open it


def requirements_of(registered: Registration, code: OwnCode | None) -> list[str]:
    """`name==version` of what is needed, the given ones first."""
    given = [requirement.partition("==")[0] for requirement in registered.requirements]
    modules = {*ALWAYS, *modules_of(registered.data), *(_imports(code) if code else ())}
    known = _distributions()
    found = sorted({known[top] for module in modules if (top := module.partition(".")[0]) in known} - set(given))
    return [*registered.requirements, *(f"{name}=={version(name)}" for name in found)]


def _imports(code: OwnCode) -> Iterator[str]:
    for source in code.files.values():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                yield node.module


@lru_cache(maxsize=1)
def _distributions() -> dict[str, str]:
    """The distribution that installs each top-level module: `sklearn` -> `scikit-learn`."""
    return {module: sorted(names)[0] for module, names in packages_distributions().items()}
