"""What the pages read from: the ledger's database, the lake, and the use cases' files. One of each a process."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from gatehouse.adapters.lake import open_lake
from gatehouse.adapters.ledger.connection import Database
from gatehouse.errors import ConfigurationError, UnknownUseCaseError
from gatehouse.notify_config import notify_spec
from gatehouse.queries.fleet import recorded_use_cases
from gatehouse.settings import Settings
from gatehouse.use_case import UseCase, folders, load
from gatehouse_airflow.configure import use_connections

if TYPE_CHECKING:
    from gatehouse.ports import Lake


class DataAccess:
    """Opened on first use; the settings are those of the API server's environment, or of Airflow's connections."""

    def __init__(self, settings: Settings | None = None) -> None:
        self._given = settings

    @property
    def settings(self) -> Settings:
        if self._given is not None:
            return self._given
        if not Settings.from_environment().ledger_url:
            use_connections()
        return Settings.from_environment()

    @cached_property
    def database(self) -> Database:
        return Database(self.settings.require("ledger_url"))

    @cached_property
    def lake(self) -> Lake:
        return open_lake(self.settings.lake)

    def told(self) -> dict[str, Any]:
        """Who is told: the recipients of `notify.yaml`, and what is wrong with it. It holds no secret, but addresses of
        mail are people's own and not shown."""
        try:
            spec = notify_spec(self.settings)
        except ConfigurationError as error:
            return {"recipients": (), "wrong": str(error)}
        return {"recipients": spec.recipients if spec else (), "wrong": ""}

    def names(self) -> list[str]:
        """The names of the installed use cases; no file is read."""
        return [folder.name for folder in folders(self.settings.usecases)]

    def known_names(self) -> set[str]:
        """The names of the installed use cases, and of those that the ledger knows."""
        return {*self.names(), *recorded_use_cases(self.database)}

    def case(self, name: str) -> UseCase:
        """A use case by name only, read again when one of its files changed; never by a path, which a URL could carry."""
        for folder in folders(self.settings.usecases):
            if folder.name == name:
                stamp = tuple(path.stat().st_mtime_ns for path in sorted(folder.iterdir()) if path.is_file())
                return _loaded(folder, stamp)
        raise UnknownUseCaseError("no such use case", found=repr(name[:80]), allowed=", ".join(self.names()) or "none")

    def known_case(self, name: str) -> UseCase | None:
        """The use case, or None when its folder is gone or broken: what the ledger holds is shown all the same."""
        try:
            return self.case(name)
        except ConfigurationError:
            return None


@lru_cache(maxsize=512)
def _loaded(folder: Any, stamp: tuple[int, ...]) -> UseCase:
    return load(folder)
