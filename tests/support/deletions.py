"""What people delete in MLflow, by its own API and (for good, as `mlflow gc` does) in its store."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

from integration.adapters.mlflow.mlflow_server import FOLDERS


@dataclass(frozen=True)
class Person:
    """Somebody with the rights to delete anything of one use case."""

    uri: str
    use_case: str

    @property
    def client(self) -> MlflowClient:
        return MlflowClient(self.uri)

    @property
    def store(self) -> Any:
        folder = FOLDERS[self.uri]
        return SqlAlchemyStore(f"sqlite:///{folder}/mlflow.db", f"{folder}/artifacts")

    def experiment(self, name: str = "") -> str:
        found = self.client.get_experiment_by_name(f"gatehouse/{self.use_case}{name}")
        assert found is not None
        return str(found.experiment_id)

    def runs(self, name: str = "") -> list[str]:
        return [run.info.run_id for run in self.client.search_runs([self.experiment(name)], max_results=1000)]

    def version(self) -> Any:
        """The version that the alias champion points at."""
        return self.client.get_model_version_by_alias(self.use_case, "champion")

    def delete_experiment(self, name: str = "") -> None:
        self.client.delete_experiment(self.experiment(name))

    def destroy_experiment(self, name: str = "") -> None:
        identity = self.experiment(name)
        for run_id in self.runs(name):
            self.destroy_run(run_id)
        self.client.delete_experiment(identity)
        self.store._hard_delete_experiment(identity)

    def destroy_run(self, run_id: str) -> None:
        if self.artifacts(run_id).exists():
            self.remove_artifacts(run_id)
        self.client.delete_run(run_id)
        self.store._hard_delete_run(run_id)

    def remove_artifacts(self, run_id: str) -> None:
        shutil.rmtree(self.artifacts(run_id))

    def artifacts(self, run_id: str) -> Path:
        return FOLDERS[self.uri] / "artifacts" / self.client.get_run(run_id).info.experiment_id / run_id

    def move_alias(self) -> None:
        """To another version, which is not the ledger's."""
        version = self.version()
        other = self.client.create_model_version(self.use_case, version.source, version.run_id)
        self.client.set_registered_model_alias(self.use_case, "champion", other.version)

    def remove_version_tags(self) -> None:
        version = self.version()
        for tag in list(version.tags):
            self.client.delete_model_version_tag(self.use_case, version.version, tag)

    def remove_run_tags(self, run_id: str) -> None:
        for tag in list(self.client.get_run(run_id).data.tags):
            if tag.startswith("gatehouse."):
                self.client.delete_tag(run_id, tag)


DELETIONS: dict[str, Callable[[Person], None]] = {
    "experiment deleted": lambda person: person.delete_experiment(),
    "experiment deleted for good": lambda person: person.destroy_experiment(),
    "experiment renamed": lambda person: person.client.rename_experiment(
        person.experiment(), f"mine {person.use_case} {person.experiment()}"
    ),
    "experiment of batches deleted": lambda person: person.delete_experiment("/batches"),
    "experiment of batches deleted for good": lambda person: person.destroy_experiment("/batches"),
    "run deleted": lambda person: person.client.delete_run(person.version().run_id),
    "run deleted for good": lambda person: person.destroy_run(person.version().run_id),
    "run's tags deleted": lambda person: person.remove_run_tags(person.version().run_id),
    "run's artefacts deleted": lambda person: person.remove_artifacts(person.version().run_id),
    "run of a batch deleted": lambda person: person.client.delete_run(person.runs("/batches")[0]),
    "run of a batch deleted for good": lambda person: person.destroy_run(person.runs("/batches")[0]),
    "registered model deleted": lambda person: person.client.delete_registered_model(person.use_case),
    "version deleted": lambda person: person.client.delete_model_version(person.use_case, person.version().version),
    "version's tags deleted": lambda person: person.remove_version_tags(),
    "alias removed": lambda person: person.client.delete_registered_model_alias(person.use_case, "champion"),
    "alias moved": lambda person: person.move_alias(),
}
