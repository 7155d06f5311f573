"""The rules that there are: each class of this folder that says which `rule` it is. A new file needs no other edit."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import get_args

from gatehouse.core.gate import rules
from gatehouse.core.gate.rules.base import Rule


def registered() -> dict[str, type[Rule]]:
    """Each rule by the name that `rule:` takes in `gate.yaml`, in the order of names."""
    modules = [import_module(f"{rules.__name__}.{module.name}") for module in iter_modules(rules.__path__)]
    named = {name: kind for module in modules for kind in _defined_in(module)
             for name in get_args(kind.model_fields["rule"].annotation)}  # fmt: skip
    return dict(sorted(named.items()))


def _defined_in(module: ModuleType) -> list[type[Rule]]:
    kinds = [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, Rule)]
    return [kind for kind in kinds if kind.__module__ == module.__name__]
