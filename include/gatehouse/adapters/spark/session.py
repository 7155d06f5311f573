"""One Spark session a process, and pieces of work on its executors."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gatehouse.errors import ConfigurationError, ServiceUnavailableError

Work = Mapping[str, Any]
LOCAL = "local[*]"


def session(master: str) -> Any:
    """The session on that master (`spark://host:7077`, or this machine); ConfigurationError where pyspark is not installed,
    ServiceUnavailableError where Spark does not start or its master does not answer."""
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise ConfigurationError(
            "`engine: spark` needs pyspark, which is not installed by itself",
            where="contract.yaml: engine",
            found=str(error),
            allowed="`make install-spark`, or `engine: pandas`",
            owner="data engineer",
        ) from error
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    asked = (
        SparkSession.builder.master(master or LOCAL)
        .appName("gatehouse")
        .config("spark.sql.session.timeZone", "UTC")  # moments are compared in UTC, wherever the machines stand
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
    )
    if not master or master.startswith("local"):
        asked = asked.config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
    try:
        return asked.getOrCreate()
    except Exception as error:  # no Java, or no master: pyspark has an exception of its own for each
        raise ServiceUnavailableError(
            f"Spark does not start at {master or LOCAL}: {type(error).__name__}: {error}"
        ) from error


def run_on_executors(master: str, piece: Callable[[Work], Work], works: Sequence[Work]) -> list[Work]:
    """Do pieces of work on the executors, in order. What one raises is raised here, as it is."""
    if not works:
        return []
    answers = session(master).sparkContext.parallelize(list(works), len(works)).map(_Answer(piece)).collect()
    for raised, _ in answers:
        if raised is not None:
            raise raised
    return [done for _, done in answers]


class _Answer:
    """What a piece of work gives, or raises: Spark would give a named error back as a Java stack trace."""

    def __init__(self, piece: Callable[[Work], Work]) -> None:
        self._piece = piece

    def __call__(self, work: Work) -> tuple[Exception | None, Work | None]:
        try:
            return None, self._piece(work)
        except Exception as error:  # it is raised again where it was asked for
            return error, None
