"""The port `Tracking` over an MLflow server."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from gatehouse.adapters.mlflow.client import client_for, missing
from gatehouse.adapters.mlflow.client import map_errors as named
from gatehouse.adapters.mlflow.mlflow_model_dir import MODEL_FILE, write_model_folder
from gatehouse.adapters.mlflow.mlflow_records import MAX_TAG, dataset_input, log_inputs, log_tables, log_values
from gatehouse.adapters.mlflow.registry import VERSION, Registry
from gatehouse.adapters.mlflow.runs import Runs
from gatehouse.core.types import Decision, ModelVersion, TrainingSet
from gatehouse.ports import BatchLog, CandidateRun, DecisionLog, Held, Registration, Tracking, TrainingRun

ANCHOR = "gatehouse.anchor"
SHA256, DECISION, FLAG = "gatehouse.sha256", "gatehouse.decision", "gatehouse.flag"
REQUEST, CANDIDATE = "gatehouse.request", "gatehouse.candidate"
MODEL_PATH = "model"
BATCH, MARK = "gatehouse.batch", "gatehouse.mark"
_MAX_PARAM = 5900


def _nobody(_: str) -> None:
    """Nobody is told of what was restored."""


class MlflowTracking(Tracking):
    """Runs, artefacts, registered versions and aliases of one MLflow server. `restored` is told of each thing that was
    deleted in MLflow and is back."""

    def __init__(self, uri: str, restored: Callable[[str], None] = _nobody) -> None:
        self.uri, self._restored = uri, restored

    @cached_property
    def _client(self) -> Any:
        return client_for(self.uri)

    @cached_property
    def _runs(self) -> Runs:
        return Runs(self._client, self._restored)

    @cached_property
    def _registry(self) -> Registry:
        return Registry(self._client, self._restored)

    def log_candidate(self, run: CandidateRun, fit: TrainingRun, dataset: TrainingSet) -> str:
        with named(self.uri):
            known = self._run(run)
            run_id = str(known.info.run_id)
            if known.info.status != "FINISHED":
                self._fill(run_id, fit, dataset)
                self._client.set_terminated(run_id, "FINISHED")
        return run_id

    def _run(self, run: CandidateRun) -> Any:
        """The run of a candidate. One that a crash left unfinished is gone on with."""
        tags = {REQUEST: run.request, CANDIDATE: run.candidate}
        return self._runs.run(f"gatehouse/{run.use_case}", tags, f"{run.candidate} {run.request[:8]}", run.run_id)

    def _fill(self, run_id: str, fit: TrainingRun, dataset: TrainingSet) -> None:
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

    def register(self, model: ModelVersion, registered: Registration) -> None:
        tags = {
            VERSION: str(model.version),
            SHA256: model.file.sha256,
            REQUEST: model.request,
            CANDIDATE: model.candidate,
        }
        with named(self.uri):
            run = self._run(CandidateRun(model.use_case, model.request, model.candidate, model.run_id)).info
            self._registry.model(model.use_case)
            whole = self._registry.holds(model.use_case, model.version, run.run_id) and self._has_model(run.run_id)
            if not whole:
                with tempfile.TemporaryDirectory(prefix="gatehouse-model-") as folder:
                    path = Path(folder) / MODEL_PATH
                    write_model_folder(path, registered)
                    self._client.log_artifacts(run.run_id, str(path), MODEL_PATH)
            source = f"{run.artifact_uri}/{MODEL_PATH}"
            self._registry.register(model.use_case, run.run_id, source, tags, registered.description)

    def _has_model(self, run_id: str) -> bool:
        """Whether a run has the files of its model."""
        paths = {file.path for file in self._client.list_artifacts(run_id, MODEL_PATH)}
        return {f"{MODEL_PATH}/{MODEL_FILE}", f"{MODEL_PATH}/MLmodel"} <= paths

    def flag(self, run: CandidateRun, tags: Mapping[str, str]) -> None:
        from mlflow.entities import RunTag

        with named(self.uri):
            run_id = self._run(run).info.run_id
            self._client.log_batch(run_id, tags=[RunTag(key, value[:MAX_TAG]) for key, value in tags.items()])

    def decided(self, decision: Decision, judged: DecisionLog) -> None:
        with named(self.uri):
            run_id = self._run(judged.run).info.run_id
            self._client.log_text(run_id, judged.report, "decision.html")
            log_tables(self._client, run_id, judged.tables)
            log_values(self._client, run_id, judged.metrics, judged.tags)
            version = self._registry.version(decision.use_case, decision.version)
            if version is None:
                return
            for key, value in judged.tags.items():
                self._client.set_model_version_tag(decision.use_case, version, key, value[:MAX_TAG])
            self._client.update_model_version(decision.use_case, version, judged.description)

    def keep_anchor(self, use_case: str, document: str) -> None:
        with named(self.uri):
            self._registry.keep_tag(use_case, ANCHOR, document)

    def anchor(self, use_case: str) -> str:
        with named(self.uri):
            return self._registry.tag(use_case, ANCHOR)

    def mirror(
        self, use_case: str, champion: int | None, challenger: int | None, words: Mapping[int, str] | None = None
    ) -> None:
        with named(self.uri):
            present = self._registry.aliases(use_case)
            for alias, wanted in (("champion", champion), ("challenger", challenger)):
                version = self._registry.version(use_case, wanted) if wanted is not None else None
                if version is not None and present.get(alias) != version:
                    self._client.set_registered_model_alias(use_case, alias, version)
                elif version is None and alias in present:
                    self._client.delete_registered_model_alias(use_case, alias)
            for ours, text in (words or {}).items():
                self._describe(use_case, ours, text)

    def _describe(self, use_case: str, ours: int, text: str) -> None:
        """Describe a version, or with 0 the model; what MLflow does not have has no description."""
        if ours:
            version = self._registry.version(use_case, ours)
            if version is not None:
                self._client.update_model_version(use_case, version, text)
        elif self._client.search_registered_models(f"name = '{use_case}'", max_results=1):
            self._client.update_registered_model(use_case, text)

    def log_batch(self, use_case: str, name: str, told: BatchLog) -> None:
        with named(self.uri):
            run_id = self._runs.run(f"gatehouse/{use_case}/batches", {BATCH: name}, name).info.run_id
            self._client.log_text(run_id, told.report, "batch.html")
            log_tables(self._client, run_id, told.tables)
            log_inputs(self._client, run_id, [dataset_input("batch", told.rows, (name,), {})])
            log_values(self._client, run_id, told.metrics, {**told.tags, MARK: told.mark})
            self._client.set_terminated(run_id, "FINISHED")

    def held(self, use_case: str, served: Collection[int] = ()) -> Held:
        with named(self.uri):
            runs = {run.info.run_id: run for run in self._runs.active(f"gatehouse/{use_case}")}
            batches = [run.data.tags for run in self._runs.active(f"gatehouse/{use_case}/batches")]
            versions = self._registry.versions(use_case)
            numbers = {str(entity.version): ours for ours, entity in versions.items()}
            whole = {
                ours: entity
                for ours, entity in versions.items()
                if entity.run_id in runs and (ours not in served or self._has_model(entity.run_id))
            }
            return Held(
                candidates={
                    (tags[REQUEST], tags[CANDIDATE]): tags.get(FLAG, "")
                    for run in runs.values()
                    if {REQUEST, CANDIDATE} <= (tags := run.data.tags).keys() and run.info.status == "FINISHED"
                },
                decisions={ours: _decision(entity, runs[entity.run_id]) for ours, entity in whole.items()},
                batches={tags[BATCH]: tags.get(MARK, "") for tags in batches if BATCH in tags},
                aliases={
                    alias: numbers.get(version, -1) for alias, version in self._registry.aliases(use_case).items()
                },
            )

    def model_bytes(self, use_case: str, version: int) -> bytes | None:
        with named(self.uri):
            entity = self._registry.versions(use_case).get(version)
            if entity is None:
                return None
            with tempfile.TemporaryDirectory(prefix="gatehouse-model-") as folder:
                return self._downloaded(entity.run_id, folder)

    def _downloaded(self, run_id: str, folder: str) -> bytes | None:
        """The model's file out of a run; None when somebody has removed run or file."""
        from mlflow.exceptions import MlflowException

        try:
            if not self._has_model(run_id):
                return None
            return Path(self._client.download_artifacts(run_id, f"{MODEL_PATH}/{MODEL_FILE}", folder)).read_bytes()
        except MlflowException as error:
            if missing(error):
                return None
            raise

    def champion_alias(self, use_case: str) -> int | None:
        with named(self.uri):
            version = self._registry.aliases(use_case).get("champion")
            if version is None:
                return None
            tag = self._client.get_model_version(use_case, version).tags.get(VERSION, "")
            return int(tag) if tag.isdigit() else -1  # -1: a version that is not the ledger's


def _decision(version: Any, run: Any) -> str:
    """The decision that a version and its run are both tagged with, or an empty text."""
    decision = str(version.tags.get(DECISION, ""))
    return decision if run.data.tags.get(DECISION, "") == decision else ""
