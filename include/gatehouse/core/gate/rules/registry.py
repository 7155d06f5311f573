"""The rules that there are: each class of this folder that says which `rule` it is. A new file needs no other edit."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import get_args

from gatehouse.core.gate import rules
from gatehouse.core.gate.rules.base import Rule


def registered() -> dict[str, type[Rule]]:
    """Each rule by the name that `rule:` takes in `gate.yaml`, in the order of names."""
    for module in iter_modules(rules.__path__):
        import_module(f"{rules.__name__}.{module.name}")
    named = {name: kind for kind in _below(Rule) for name in get_args(kind.model_fields["rule"].annotation)}  # type: ignore[type-abstract]
    return dict(sorted(named.items()))


def _below(kind: type[Rule]) -> Iterator[type[Rule]]:
    for child in kind.__subclasses__():
        if child.__module__.startswith(f"{rules.__name__}."):
            yield child
        yield from _below(child)
