"""MLflow's server as a folder: what its client stores, with what a crash leaves between two calls.

The product's own adapter talks to it, so its order of calls and its repairs are what is tested. A call that MLflow answers
from one transaction is one file that appears whole; artefacts are copied one by one and may stay halves; a run stays RUNNING
until it is ended; a version is READY whatever its files are: the crash table of the reference notes, measured on MLflow 3.17.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from gatehouse.adapters.mlflow import MlflowTracking, mlflow_tracking
from gatehouse.ports import Registration


class FileMlflow:
    """The methods of `MlflowClient` that the adapter calls."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def get_experiment_by_name(self, name: str) -> Any:
        found = self._read("experiments", name)
        return SimpleNamespace(experiment_id=found["id"]) if found else None

    def create_experiment(self, name: str) -> str:
        self._write("experiments", name, {"id": name})
        return name

    def search_runs(self, experiments: Sequence[str], asked: str, max_results: int = 1) -> list[Any]:
        wanted = _tags_of(asked)
        found = [run for run in self._all("runs") if wanted.items() <= run["tags"].items()]
        return [_run(run) for run in found if run["experiment"] in experiments][:max_results]

    def create_run(self, experiment: str, tags: Mapping[str, str], run_name: str) -> Any:
        number = f"run-{len(list(self._all('runs'))):04}"
        made = {"id": number, "experiment": experiment, "name": run_name, "status": "RUNNING", "tags": dict(tags)}
        self._write("runs", number, {**made, "metrics": {}, "params": {}, "inputs": {}})
        return _run(self._read("runs", number))

    def get_run(self, run_id: str) -> Any:
        return _run(self._read("runs", run_id))

    def log_batch(
        self, run_id: str, metrics: Sequence[Any] = (), params: Sequence[Any] = (), tags: Sequence[Any] = ()
    ) -> None:
        run = self._run_of(run_id)
        for kind, told in (("metrics", metrics), ("params", params), ("tags", tags)):
            run[kind] |= {each.key: each.value for each in told}
        self._write("runs", run_id, run)

    def set_tag(self, run_id: str, key: str, value: str) -> None:
        run = self._run_of(run_id)
        run["tags"][key] = value
        self._write("runs", run_id, run)

    def search_registered_models(self, asked: str, max_results: int = 1) -> list[dict[str, Any]]:
        found = self._read("models", asked.partition("'")[2].rstrip("'"))
        return [found] if found else []

    def update_registered_model(self, name: str, description: str) -> None:
        self._write("models", name, {**self._read("models", name), "description": description})

    def update_model_version(self, name: str, version: str, description: str) -> None:
        found = self._read("versions", f"{name}-{version}")
        self._write("versions", f"{name}-{version}", {**found, "description": description})

    def log_inputs(self, run_id: str, inputs: Sequence[Any]) -> None:
        run = self._run_of(run_id)
        run["inputs"] |= {each.dataset.name: each.dataset.source for each in inputs}
        self._write("runs", run_id, run)

    def set_terminated(self, run_id: str, status: str) -> None:
        self._write("runs", run_id, {**self._run_of(run_id), "status": status})

    def log_artifacts(self, run_id: str, folder: str, below: str) -> None:
        target = self._artifacts(run_id) / below
        for file in sorted(path for path in Path(folder).rglob("*") if path.is_file()):
            _keep(target / file.relative_to(folder), file.read_bytes())

    def log_text(self, run_id: str, text: str, name: str) -> None:
        _keep(self._artifacts(run_id) / name, text.encode())

    def download_artifacts(self, run_id: str, path: str, into: str) -> str:
        return shutil.copy(self._artifacts(run_id) / path, into)

    def create_registered_model(self, name: str, description: str = "") -> None:
        from mlflow.exceptions import MlflowException
        from mlflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS

        if self._read("models", name):
            raise MlflowException(f"{name} exists", RESOURCE_ALREADY_EXISTS)
        self._write("models", name, {"aliases": {}, "description": description})

    def get_registered_model(self, name: str) -> Any:
        from mlflow.exceptions import MlflowException
        from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST

        found = self._read("models", name)
        if not found:
            raise MlflowException(f"no model {name}", RESOURCE_DOES_NOT_EXIST)
        return SimpleNamespace(aliases=found["aliases"])

    def create_model_version(
        self, name: str, source: str, run_id: str, tags: Mapping[str, str], description: str
    ) -> None:
        number = len(list(self._all("versions"))) + 1
        made = {"name": name, "version": number, "source": source, "run_id": run_id, "tags": dict(tags)}
        self._write("versions", f"{name}-{number}", {**made, "description": description})

    def search_model_versions(self, asked: str, max_results: int = 1) -> list[Any]:
        wanted = _tags_of(asked)
        found = [each for each in self._all("versions") if wanted.items() <= each["tags"].items()]
        return [SimpleNamespace(**each) for each in found][:max_results]

    def get_model_version(self, name: str, version: str) -> Any:
        return SimpleNamespace(**self._read("versions", f"{name}-{version}"))

    def set_model_version_tag(self, name: str, version: str, key: str, value: str) -> None:
        found = self._read("versions", f"{name}-{version}")
        found["tags"][key] = value
        self._write("versions", f"{name}-{version}", found)

    def set_registered_model_alias(self, name: str, alias: str, version: str) -> None:
        found = self._read("models", name)
        found["aliases"][alias] = version
        self._write("models", name, found)

    def delete_registered_model_alias(self, name: str, alias: str) -> None:
        found = self._read("models", name)
        found["aliases"].pop(alias, None)
        self._write("models", name, found)

    def _artifacts(self, run_id: str) -> Path:
        return self.root / "artifacts" / run_id

    def _run_of(self, run_id: str) -> dict[str, Any]:
        run = self._read("runs", run_id)
        assert run, f"no run {run_id}"
        return run

    def _read(self, kind: str, name: str) -> dict[str, Any]:
        path = self._path(kind, name)
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}

    def _all(self, kind: str) -> Iterator[dict[str, Any]]:
        for path in sorted((self.root / kind).glob("[!.]*.json")):
            yield json.loads(path.read_text(encoding="utf-8"))

    def _write(self, kind: str, name: str, document: Mapping[str, Any]) -> None:
        path = self._path(kind, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}")
        with unfinished.open("w", encoding="utf-8") as file:
            json.dump(document, file, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)

    def _path(self, kind: str, name: str) -> Path:
        return self.root / kind / f"{name.replace('/', '_')}.json"


class TrackingOnFiles(MlflowTracking):
    """The product's adapter over that folder. It draws no plots: matplotlib's seconds would be spent at every point."""

    keeps_plots = False

    def __init__(self, root: Path) -> None:
        super().__init__("mlflow-files")
        self._client = FileMlflow(root)  # type: ignore[misc]


def write_small_model_folder(path: Path, registered: Registration) -> None:
    """In the place of `write_model_folder`, whose own work is MLflow's and takes seconds."""
    path.mkdir()
    (path / "MLmodel").write_text("flavors: {}\n", encoding="utf-8")
    (path / mlflow_tracking.MODEL_FILE).write_bytes(registered.data)


def _keep(path: Path, data: bytes) -> None:
    """An artefact that the server has answered for is the server's to keep: our death tears only what was on its way."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _run(found: dict[str, Any]) -> Any:
    uri = f"mlflow-artifacts:/{found['id']}"
    info = SimpleNamespace(run_id=found["id"], status=found["status"], artifact_uri=uri, start_time=1)
    return SimpleNamespace(info=info, data=SimpleNamespace(tags=found["tags"]))


def _tags_of(asked: str) -> dict[str, str]:
    """The tags that a filter such as ``tags.`a` = 'b' and ...`` asks for."""
    parts = [part.split(" = ") for part in asked.split(" and ") if part.startswith("tags.")]
    return {key.removeprefix("tags.").strip("`"): value.strip("'") for key, value in parts}
