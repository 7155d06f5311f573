"""The use cases as the DAG files see them: names and settings only, nothing that opens a connection."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from airflow.sdk import get_parsing_context

from gatehouse.core.contract.batch_calendar import Span
from gatehouse.errors import ConfigurationError
from gatehouse.settings import Settings
from gatehouse.use_case import UseCase, folders, load

START = datetime(2013, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class BrokenUseCase:
    """A use case whose files are wrong: its DAGs say so instead of vanishing together with all others."""

    name: str
    folder: Path
    error: str


def installed() -> list[UseCase | BrokenUseCase]:
    """Every use case of the installation, whole or broken."""
    return [_read(folder) for folder in folders(Settings.from_environment().usecases)]


def use_cases() -> list[UseCase]:
    """The use cases to make DAGs of: all whole ones, and in a task's process only the one whose DAG it runs."""
    wanted = get_parsing_context().dag_id
    chosen = [
        _read(folder)
        for folder in folders(Settings.from_environment().usecases)
        if wanted is None or wanted.startswith(f"{folder.name}__")
    ]
    return [case for case in chosen if isinstance(case, UseCase)]


def _read(folder: Path) -> UseCase | BrokenUseCase:
    try:
        return load(folder)
    except ConfigurationError as error:
        return BrokenUseCase(folder.name, folder, str(error))


def parse_span(span: str) -> timedelta:
    """A span of a file as a timedelta; a month counts from January, 31 days."""
    return Span.parse(span).after(START) - START
