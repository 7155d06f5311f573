"""MLflow's registry by the ledger's numbers. MLflow counts its versions itself, and counts on after a deletion: the tag
`gatehouse.version` says which version of the ledger one is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gatehouse.adapters.mlflow.client import every, missing, no_retries

VERSION = "gatehouse.version"
DESCRIPTION = "Kept by Gatehouse; the ledger says which version serves."


class Registry:
    """Registered models, versions and aliases of one MLflow server."""

    def __init__(self, client: Any, restored: Callable[[str], None]) -> None:
        self._client, self._restored = client, restored

    def model(self, name: str) -> None:
        """Make a registered model unless it is there."""
        from mlflow.exceptions import MlflowException

        try:
            self._client.create_registered_model(name, description=DESCRIPTION)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise

    def versions(self, name: str) -> dict[int, Any]:
        """The versions that are the ledger's, by the ledger's number; of two with one number the newer."""
        ours = sorted(self._search(f"name = '{name}'"), key=lambda entity: int(entity.version))
        return {int(e.tags[VERSION]): e for e in ours if e.tags.get(VERSION, "").isdigit()}

    def version(self, name: str, ours: int) -> str | None:
        """MLflow's own number of the ledger's version."""
        return max((str(entity.version) for entity in self._tagged(name, ours)), key=int, default=None)

    def holds(self, name: str, ours: int, run_id: str) -> bool:
        """Whether the ledger's version is registered out of that run."""
        return any(entity.run_id == run_id for entity in self._tagged(name, ours))

    def register(self, name: str, run_id: str, source: str, tags: Mapping[str, str], description: str) -> None:
        """Register a run's model under the ledger's number, unless it is.

        A version out of that run which lost its tags gets them back. One whose run is gone for good leads nowhere: a new
        version takes its place, and the old one is tagged as replaced.
        """
        tagged = self._tagged(name, tags[VERSION])
        if any(entity.run_id == run_id for entity in tagged):
            return
        bare = [e for e in self._search(f"name = '{name}' and run_id = '{run_id}'") if VERSION not in e.tags]
        if bare and not tagged:
            self._tag(name, str(min(int(entity.version) for entity in bare)), tags)
            return
        with no_retries():
            made = self._client.create_model_version(
                name, source, run_id=run_id, tags=dict(tags), description=description
            )
        for entity in tagged:
            self._client.set_model_version_tag(name, entity.version, VERSION, f"replaced by {made.version}")

    def keep_tag(self, name: str, key: str, value: str) -> None:
        """Tag a registered model, which is made unless it is there."""
        self.model(name)
        self._client.set_registered_model_tag(name, key, value)

    def tag(self, name: str, key: str) -> str:
        """A registered model's tag; empty without the model or the tag."""
        from mlflow.exceptions import MlflowException

        try:
            return str(self._client.get_registered_model(name).tags.get(key, ""))
        except MlflowException as error:
            if missing(error):
                return ""
            raise

    def aliases(self, name: str) -> dict[str, str]:
        """The aliases of a registered model, each with MLflow's number; none when there is no such model."""
        from mlflow.exceptions import MlflowException

        try:
            model = self._client.get_registered_model(name)
        except MlflowException as error:
            if missing(error):
                return {}
            raise
        return {str(alias): str(version) for alias, version in model.aliases.items()}

    def _tag(self, name: str, version: str, tags: Mapping[str, str]) -> None:
        for key, value in tags.items():
            self._client.set_model_version_tag(name, version, key, value)
        self._restored(f"MLflow's version {version} of {name} had lost its tags; they are set again")

    def _tagged(self, name: str, ours: int | str) -> list[Any]:
        return self._search(f"name = '{name}' and tags.`{VERSION}` = '{ours}'")

    def _search(self, asked: str) -> list[Any]:
        return list(every(lambda token: self._client.search_model_versions(asked, max_results=200, page_token=token)))
