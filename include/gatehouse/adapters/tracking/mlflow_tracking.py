"""The port `Tracking` over an MLflow server."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from gatehouse.adapters.tracking.client import asked_once, client_for
from gatehouse.adapters.tracking.client import told as named
from gatehouse.adapters.tracking.entities import MAX_TAG, dataset_input, log_inputs, log_tables, log_values
from gatehouse.adapters.tracking.model_folder import MODEL_FILE, write_model_folder
from gatehouse.core.records import Decision, ModelVersion, TrainingSet
from gatehouse.ports import BatchTold, Fit, Judged, Tracking

VERSION, SHA256 = "gatehouse.version", "gatehouse.sha256"
REQUEST, CANDIDATE = "gatehouse.request", "gatehouse.candidate"
MODEL_PATH = "model"
BATCH, MARK = "gatehouse.batch", "gatehouse.mark"
_MAX_PARAM = 5900


class MlflowTracking(Tracking):
    """Runs, artefacts, registered versions and aliases of one MLflow server."""

    def __init__(self, uri: str) -> None:
        self.uri = uri

    @cached_property
    def _client(self) -> Any:
        return client_for(self.uri)

    def log_candidate(self, use_case: str, request: str, name: str, fit: Fit, dataset: TrainingSet) -> str:
        with named(self.uri):
            experiment = self._experiment(use_case)
            known = self._find_run(experiment, request, name)
            if known is not None and known.info.status == "FINISHED":
                return str(known.info.run_id)
            run_id = (
                known.info.run_id
                if known
                else self._create_run(experiment, {REQUEST: request, CANDIDATE: name}, f"{name} {request[:8]}")
            )
            self._fill(run_id, fit, dataset)
            self._client.set_terminated(run_id, "FINISHED")
        return str(run_id)

    def _fill(self, run_id: str, fit: Fit, dataset: TrainingSet) -> None:
        """What a killed attempt has written is written again with the same values."""
        from mlflow.entities import Metric, Param, RunTag

        now = int(time.time() * 1000)
        metrics = [Metric(key, value, now, 0) for key, value in fit.metrics.items()]
        params = [Param(key, str(value)[:_MAX_PARAM]) for key, value in fit.params.items()]
        tags = [RunTag(key, value[:MAX_TAG]) for key, value in fit.tags.items()]
        self._client.log_batch(run_id, metrics, params, tags)
        parts = {
            "training": (dataset.training, dataset.training_batches),
            "holdout": (dataset.holdout, dataset.holdout_batches),
        }
        inputs = [dataset_input(context, file, batches, fit.columns) for context, (file, batches) in parts.items()]
        log_inputs(self._client, run_id, inputs)
        with tempfile.TemporaryDirectory(prefix="gatehouse-plots-") as folder:
            for file_name, data in fit.plots.items():
                (Path(folder) / file_name).write_bytes(data)
            if fit.plots:
                self._client.log_artifacts(run_id, folder, "plots")

    def register(self, model: ModelVersion, data: bytes, requirements: Sequence[str], description: str) -> None:
        with named(self.uri):
            self._ensure_registered(model.use_case)
            if self._mlflow_version(model.use_case, model.version) is not None:
                return
            with tempfile.TemporaryDirectory(prefix="gatehouse-model-") as folder:
                path = Path(folder) / MODEL_PATH
                write_model_folder(path, data, model.file.sha256, requirements)
                self._client.log_artifacts(model.run_id, str(path), MODEL_PATH)
            source = f"{self._client.get_run(model.run_id).info.artifact_uri}/{MODEL_PATH}"
            tags = {
                VERSION: str(model.version),
                SHA256: model.file.sha256,
                REQUEST: model.request,
                CANDIDATE: model.candidate,
            }
            with asked_once():
                self._client.create_model_version(
                    model.use_case, source, run_id=model.run_id, tags=tags, description=description
                )

    def flag(self, run_id: str, tags: Mapping[str, str]) -> None:
        from mlflow.entities import RunTag

        with named(self.uri):
            self._client.log_batch(run_id, tags=[RunTag(key, value[:MAX_TAG]) for key, value in tags.items()])

    def decided(self, decision: Decision, judged: Judged) -> None:
        with named(self.uri):
            self._client.log_text(judged.run_id, judged.report, "decision.html")
            log_tables(self._client, judged.run_id, judged.tables)
            log_values(self._client, judged.run_id, judged.metrics, judged.tags)
            version = self._mlflow_version(decision.use_case, decision.version)
            if version is None:
                return
            for key, value in judged.tags.items():
                self._client.set_model_version_tag(decision.use_case, version, key, value[:MAX_TAG])
            self._client.update_model_version(decision.use_case, version, judged.description)

    def mirror(
        self, use_case: str, champion: int | None, challenger: int | None, words: Mapping[int, str] | None = None
    ) -> None:
        with named(self.uri):
            present = self._aliases(use_case)
            for alias, wanted in (("champion", champion), ("challenger", challenger)):
                version = self._mlflow_version(use_case, wanted) if wanted is not None else None
                if version is not None and present.get(alias) != version:
                    self._client.set_registered_model_alias(use_case, alias, version)
                elif version is None and alias in present:
                    self._client.delete_registered_model_alias(use_case, alias)
            for ours, text in (words or {}).items():
                self._describe(use_case, ours, text)

    def _describe(self, use_case: str, ours: int, text: str) -> None:
        """Describe a version, or with 0 the model; what MLflow does not have has no description."""
        if ours:
            version = self._mlflow_version(use_case, ours)
            if version is not None:
                self._client.update_model_version(use_case, version, text)
        elif self._client.search_registered_models(f"name = '{use_case}'", max_results=1):
            self._client.update_registered_model(use_case, text)

    def log_batch(self, use_case: str, name: str, told: BatchTold) -> None:
        with named(self.uri):
            experiment = self._experiment(f"{use_case}/batches")
            found = self._client.search_runs([experiment], f"tags.`{BATCH}` = '{name}'", max_results=1)
            known = next(iter(found), None)
            run_id = str(known.info.run_id) if known else self._create_run(experiment, {BATCH: name}, name)
            self._client.log_text(run_id, told.report, "batch.html")
            log_tables(self._client, run_id, told.tables)
            log_inputs(self._client, run_id, [dataset_input("batch", told.rows, (name,), {})])
            log_values(self._client, run_id, told.metrics, {**told.tags, MARK: told.mark})
            self._client.set_terminated(run_id, "FINISHED")

    def batches_told(self, use_case: str) -> dict[str, str]:
        with named(self.uri):
            experiment = self._client.get_experiment_by_name(f"gatehouse/{use_case}/batches")
            if experiment is None:
                return {}
            marks: dict[str, str] = {}
            token: str | None = None
            while token != "":
                page = self._client.search_runs([experiment.experiment_id], max_results=1000, page_token=token)
                marks |= {run.data.tags[BATCH]: run.data.tags.get(MARK, "") for run in page if BATCH in run.data.tags}
                token = page.token or ""
            return marks

    def model_bytes(self, use_case: str, version: int) -> bytes | None:
        from mlflow.exceptions import MlflowException

        with named(self.uri):
            found = self._mlflow_version(use_case, version)
            if found is None:
                return None
            run_id = self._client.get_model_version(use_case, found).run_id
            with tempfile.TemporaryDirectory(prefix="gatehouse-model-") as folder:
                try:
                    copy = self._client.download_artifacts(run_id, f"{MODEL_PATH}/{MODEL_FILE}", folder)
                except (MlflowException, OSError):  # somebody has removed the artefact
                    return None
                return Path(copy).read_bytes()

    def champion_alias(self, use_case: str) -> int | None:
        with named(self.uri):
            version = self._aliases(use_case).get("champion")
            if version is None:
                return None
            tags = self._client.get_model_version(use_case, version).tags
            return (
                int(tags[VERSION]) if tags.get(VERSION, "").isdigit() else -1
            )  # -1: a version that is not the ledger's

    def _experiment(self, use_case: str) -> str:
        from mlflow.exceptions import MlflowException

        name = f"gatehouse/{use_case}"
        found = self._client.get_experiment_by_name(name)
        if found is None:
            try:
                return str(self._client.create_experiment(name))
            except MlflowException:  # another candidate's task was quicker
                found = self._client.get_experiment_by_name(name)
        return str(found.experiment_id)

    def _find_run(self, experiment: str, request: str, name: str) -> Any:
        """The run of this candidate. One that a crash left unfinished is gone on with."""
        asked = f"tags.`{REQUEST}` = '{request}' and tags.`{CANDIDATE}` = '{name}'"
        return next(iter(self._client.search_runs([experiment], asked, max_results=1)), None)

    def _create_run(self, experiment: str, tags: Mapping[str, str], name: str) -> str:
        with asked_once():
            return str(self._client.create_run(experiment, tags=dict(tags), run_name=name).info.run_id)

    def _ensure_registered(self, use_case: str) -> None:
        from mlflow.exceptions import MlflowException

        try:
            self._client.create_registered_model(
                use_case, description="Kept by Gatehouse; the ledger says which version serves."
            )
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise

    def _mlflow_version(self, use_case: str, version: int) -> str | None:
        """MLflow's own number of the ledger's version."""
        asked = f"name = '{use_case}' and tags.`{VERSION}` = '{version}'"
        found = self._client.search_model_versions(asked, max_results=1)
        return str(found[0].version) if found else None

    def _aliases(self, use_case: str) -> dict[str, str]:
        from mlflow.exceptions import MlflowException

        try:
            model = self._client.get_registered_model(use_case)
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return {}
            raise
        return {str(alias): str(version) for alias, version in model.aliases.items()}
