"""Sources of batches by the `source.kind` of the contract.

Another package adds a kind of its own with an entry point in the group `gatehouse.sources` (see `plugin`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatehouse.core.config.contract import (
    Contract,
    FilesSource,
    PostgresSource,
    PythonSource,
    ServedSource,
    SplitFilesSource,
    SqlSource,
)
from gatehouse.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from gatehouse.ports import Source


def open_source(contract: Contract, folder: Path) -> Source:
    """The source that the contract of the use case in `folder` names. Only the kind in use is imported."""
    spec = contract.source
    if isinstance(spec, FilesSource):
        from gatehouse.adapters.sources.files import FileSource

        return FileSource(contract, spec, folder)
    if isinstance(spec, SplitFilesSource):
        from gatehouse.adapters.sources.split_files import SplitFileSource

        return SplitFileSource(contract, spec, folder)
    if isinstance(spec, PostgresSource):
        from gatehouse.adapters.sources.postgres import PostgresQuerySource

        return PostgresQuerySource(contract, spec)
    if isinstance(spec, SqlSource):
        from gatehouse.adapters.sources.sql import open_queries

        return open_queries(contract, spec)
    if isinstance(spec, PythonSource):
        from gatehouse.adapters.sources.use_case_module import PythonModuleSource

        return PythonModuleSource(contract, spec, folder)
    if isinstance(spec, ServedSource):
        from gatehouse.adapters.served_rows import open_served_rows
        from gatehouse.adapters.sources import served

        labels = open_source(contract.model_copy(update={"source": spec.outcomes}), folder)
        return served.ServedSource(contract, open_served_rows(Settings.from_environment().lake), labels)
    from gatehouse.adapters.sources.plugin import open_plugin

    return open_plugin(contract, spec, folder)
