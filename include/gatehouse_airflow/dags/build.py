"""Build all DAGs of the installed use cases, so that an error in one of them reaches no other's DAG."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

from airflow.sdk import dag, get_parsing_context, task

from gatehouse.use_case import UseCase
from gatehouse_airflow.dag_defaults import DEFAULT_ARGS, DagKind, dag_id, tags
from gatehouse_airflow.use_cases import START, BrokenUseCase, installed, use_cases

log = logging.getLogger(__name__)
OF_ALL = (DagKind.MAINTENANCE, DagKind.CONFIGURATION)  # one for all use cases, and one for those without any other


def build_all() -> None:
    """Build the DAGs of every installed use case. In a task's process, only the kind of DAG that the task belongs to."""
    wanted = get_parsing_context().dag_id
    kinds = [kind for kind in DagKind if wanted is None or wanted.endswith(f"__{kind}")]
    of_each = [kind for kind in kinds if kind not in OF_ALL]
    cases = use_cases() if of_each else []
    for kind in of_each:
        build_each(kind, _module(kind).build, cases)
    if set(kinds) & set(OF_ALL):
        read = installed()
        broken = [case for case in read if isinstance(case, BrokenUseCase)]
        whole = {case.name: str(case.folder) for case in read if not isinstance(case, BrokenUseCase)}
        if DagKind.MAINTENANCE in kinds:
            _module(DagKind.MAINTENANCE).build(whole, {case.name: case.error for case in broken})
        if DagKind.CONFIGURATION in kinds:
            build_configuration_errors(broken, _module(DagKind.CONFIGURATION).__doc__)


def _module(kind: DagKind) -> Any:
    return import_module(f"gatehouse_airflow.dags.{kind}")


def build_each(kind: DagKind, build: Callable[[UseCase], Any], cases: Iterable[UseCase]) -> None:
    """Build this kind of DAG for every use case. Where that raises, the use case gets a DAG of the same id whose only task
    fails with the sentence."""
    for case in cases:
        try:
            build(case)
        except Exception as error:
            log.exception("use case %s: its DAG %s cannot be built", case.name, kind)
            error_dag(dag_id(case.name, kind), case.name, kind, f"{type(error).__name__}: {error}")


def build_configuration_errors(broken: Iterable[BrokenUseCase], documentation: str) -> None:
    """Build one DAG for each use case whose files cannot be read: it is red and says what is wrong with them."""
    for case in broken:
        name = re.sub(r"[^\w.-]", "_", case.name)
        error_dag(dag_id(name, DagKind.CONFIGURATION), name, DagKind.CONFIGURATION, case.error, documentation)


def error_dag(id_: str, use_case: str, kind: DagKind, sentence: str, documentation: str = "") -> None:
    """A DAG that runs once, by itself, and fails with the sentence."""

    @dag(
        dag_id=id_,
        dag_display_name=f"{use_case}: {kind} (configuration error)",
        schedule="@once",
        start_date=START,
        catchup=False,
        is_paused_upon_creation=False,
        max_active_runs=1,
        description=f"Its files cannot be read: {sentence}"[:300],
        doc_md="\n\n".join(part for part in (documentation, f"    {sentence}") if part),
        default_args=DEFAULT_ARGS,
        tags=tags(use_case, kind),
    )
    def configuration() -> None:
        @task(task_id="configuration")
        def fail() -> None:
            from gatehouse.errors import ConfigurationError

            raise ConfigurationError(sentence)

        fail()

    configuration()
