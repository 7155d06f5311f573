"""The use cases as the DAG files see them: names and settings only, nothing that opens a connection."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from airflow.sdk import get_parsing_context

from gatehouse.core.calendar import Span
from gatehouse.errors import ConfigurationError
from gatehouse.settings import Settings
from gatehouse.usecase import UseCase, folders, load

START = datetime(2013, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Broken:
    """A use case whose files are wrong: its DAGs say so instead of vanishing together with all others."""

    name: str
    folder: Path
    error: str


def installed() -> Iterator[UseCase | Broken]:
    """Every use case of the installation, whole or broken."""
    for folder in folders(Settings.from_environment().usecases):
        try:
            yield load(folder)
        except ConfigurationError as error:
            yield Broken(folder.name, folder, str(error))


def use_cases() -> list[UseCase]:
    """The use cases to make DAGs of: all whole ones, and in a task's process only the one whose DAG it runs."""
    wanted = get_parsing_context().dag_id
    cases = [case for case in installed() if isinstance(case, UseCase)]
    return [case for case in cases if wanted is None or wanted.startswith(f"{case.name}__")]


def broken() -> list[Broken]:
    """The use cases whose files are wrong."""
    return [case for case in installed() if isinstance(case, Broken)]


def length(span: str) -> timedelta:
    """A span of a file as a timedelta; a month counts from January, 31 days."""
    return Span.parse(span).after(START) - START
