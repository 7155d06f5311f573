"""Experiments and runs by name and tags: what was deleted is restored, what is gone for good is made again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gatehouse.adapters.mlflow.client import every, missing, no_retries

DELETED = "deleted"


class Runs:
    """The runs of one MLflow server. `restored` is told, in a sentence, of each thing that was deleted and is back."""

    def __init__(self, client: Any, restored: Callable[[str], None]) -> None:
        self._client, self._restored = client, restored

    def experiment(self, name: str) -> str:
        """The id of the active experiment of that name: found, restored or created."""
        from mlflow.exceptions import MlflowException

        known = self.present(name)
        if known is not None:
            return known
        try:
            return str(self._client.create_experiment(name))
        except MlflowException:  # another task was quicker
            known = self.present(name)
            if known is None:
                raise
            return known

    def present(self, name: str) -> str | None:
        """The id of an experiment, restored with its runs if it was deleted; None when there is none."""
        known = self._client.get_experiment_by_name(name)
        if known is None:
            return None
        if known.lifecycle_stage == DELETED:
            self._client.restore_experiment(known.experiment_id)
            self._restored(f"experiment {name} was deleted in MLflow; it is restored with its runs")
        return str(known.experiment_id)

    def run(self, experiment: str, tags: Mapping[str, str], name: str, known: str = "") -> Any:
        """The active run with these tags: found (by the id `known` too), restored or created."""
        identity = self.experiment(experiment)
        run = self._by_id(identity, known) or self._by_tags(identity, tags)
        if run is None:
            with no_retries():
                return self._client.create_run(identity, tags=dict(tags), run_name=name)
        if run.info.lifecycle_stage == DELETED:
            self._client.restore_run(run.info.run_id)
            self._restored(f"run {name} of experiment {experiment} was deleted in MLflow; it is restored")
        lost = {key: value for key, value in tags.items() if run.data.tags.get(key) != value}
        for key, value in lost.items():
            self._client.set_tag(run.info.run_id, key, value)
        if lost:
            self._restored(
                f"run {name} of experiment {experiment} had lost tags in MLflow: {', '.join(lost)}; set again"
            )
        return run

    def active(self, experiment: str) -> list[Any]:
        """Every run of an experiment that is not deleted; a deleted experiment is restored first."""
        identity = self.present(experiment)
        if identity is None:
            return []
        return list(every(lambda token: self._client.search_runs([identity], max_results=1000, page_token=token)))

    def _by_id(self, experiment: str, run_id: str) -> Any:
        """A run by its id. One of another experiment does not count: its experiment was renamed, or made anew."""
        from mlflow.exceptions import MlflowException

        if not run_id:
            return None
        try:
            run = self._client.get_run(run_id)
        except MlflowException as error:
            if missing(error):
                return None
            raise
        return run if run.info.experiment_id == experiment else None

    def _by_tags(self, experiment: str, tags: Mapping[str, str]) -> Any:
        """A run by its tags, rather an active one than a deleted one."""
        from mlflow.entities import ViewType

        asked = " and ".join(f"tags.`{key}` = '{value}'" for key, value in tags.items())
        for view in (ViewType.ACTIVE_ONLY, ViewType.DELETED_ONLY):
            for run in self._client.search_runs([experiment], asked, view, max_results=1):
                return run
        return None
