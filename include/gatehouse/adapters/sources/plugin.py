"""The source `plugin`: a kind that another installed package registers.

Its entry point in the group `gatehouse.sources` names a callable `(contract, folder, options) ->
gatehouse.ports.Source`.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from gatehouse.errors import ConfigurationError, GatehouseError, SourceError
from gatehouse.ports import Source
from gatehouse.user_code import described

if TYPE_CHECKING:
    from pathlib import Path

    from gatehouse.core.config.contract import Contract, PluginSource

GROUP = "gatehouse.sources"


def open_plugin(contract: Contract, spec: PluginSource, folder: Path) -> Source:
    """Open the registered source kind `spec.name` with the contract's options."""
    known = {point.name: point for point in entry_points(group=GROUP)}
    if spec.name not in known:
        raise ConfigurationError(
            "no installed package registers this kind of source",
            where="contract.yaml: source.name",
            found=repr(spec.name),
            allowed=", ".join(sorted(known)) or f"none is installed (entry point group {GROUP})",
            owner="data engineer",
        )
    try:
        source = known[spec.name].load()(contract, folder, dict(spec.options))
    except GatehouseError:
        raise
    except Exception as error:
        raise SourceError(f"source plugin {spec.name!r} raised {described(error)}") from error
    if not isinstance(source, Source):
        raise SourceError(
            f"source plugin {spec.name!r} returned {type(source).__name__}; it must return a gatehouse.ports.Source"
        )
    return source
