"""The same use case on Spark: the same results, rows and files as by default. Skipped where pyspark or Java are missing."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from importlib.util import find_spec

import pytest

from conftest import LedgerDatabase, refill
from gatehouse.adapters.contract import GreatExpectationsChecker
from gatehouse.adapters.spark import SparkChecker
from gatehouse.adapters.spark.checker import on_spark
from gatehouse.adapters.spark.session import session
from gatehouse.bootstrap import InstalledContext
from gatehouse.errors import ConfigurationError
from gatehouse.pipeline import land
from gatehouse.pipeline.validate import validate
from gatehouse.settings import ROOT, Settings
from gatehouse.use_case import load
from gatehouse_airflow.partitioned_tasks import partitioned
from integration.adapters.contract.test_checker import EVERY_MASK, frame_of
from integration.adapters.contract.test_partitions import RECORDED
from integration.pipeline.test_divided import known
from support.big_rides import MONTHS, rides
from support.contracts import table

HERE = find_spec("pyspark") is not None and shutil.which("java") is not None
on_this_machine = pytest.mark.skipif(
    not HERE, reason="pyspark or Java is not installed (`make install-spark`, Java 17)"
)
MASTER = "local[2]"
NAN = math.nan
ROWS = [
    (5, "a", 1.0, None, 1, 2.0),
    (None, None, NAN, True, None, NAN),
    (2**63 - 1, "b\n", 2.0, False, 2, 1.0),
    (3, "<b>", math.inf, True, 3, NAN),
    (3, "a", 5.0, True, 1, 2.0),
    (-(2**63), "🛫", -math.inf, False, 1, 1.0),
    (0, "\u0661", 0.0, None, None, NAN),
    (None, None, NAN, None, None, NAN),
    (5, "a", 1.0, False, 0, 2.0),
]


class Noted(SparkChecker):
    """Notes which expectations Spark has answered."""

    answered: set[int]

    def _on_spark(self, *asked):
        found = super()._on_spark(*asked)
        self.answered = set(found)
        return found


@pytest.fixture(scope="module")
def spark():
    """Local Spark for the tests of this file, ended after them."""
    started = session(MASTER)
    yield started
    started.stop()


@on_this_machine
def test_spark_finds_what_pandas_finds(spark) -> None:
    """Every expectation with a mask and some more: counts, success, examples, bad rows with their reasons, failures; on
    nulls, infinities, emoji, repeated rows and the largest integers."""
    spec, frame = table(*EVERY_MASK, *RECORDED), frame_of(ROWS)
    checker = Noted(MASTER)
    assert checker.check("t", spec, frame, {}) == GreatExpectationsChecker().check("t", spec, frame, {})
    wanted = {number for number, each in enumerate(spec.expectations) if on_spark(each, spec.columns)}
    assert checker.answered == wanted, "Spark answered all of them itself, none was left to pandas"
    assert len(wanted) > 15


@on_this_machine
def test_a_use_case_on_spark_leaves_the_very_files_of_the_default_engine(
    spark, tmp_path, ledger_server, ledger_database: LedgerDatabase, ledger_template
) -> None:
    """A month of 70,000 rows that begins the grids and one on them: verdict, report, rows and profile by their hashes. The
    profile's pieces are made by Spark's executors, which read the lake themselves."""
    folder, found = rides(tmp_path / "usecases" / "rides"), {}
    for engine in ("pandas", "spark"):
        refill(ledger_server, ledger_database, ledger_template)
        home = tmp_path / engine
        settings = Settings(home, str(home / "lake"), ledger_database.url, "", (folder.parent,), spark=MASTER)
        case = load(folder)
        rows = None if engine == "pandas" else case.contract.max_rows_in_memory
        contract = case.contract.model_copy(update={"engine": engine, "max_rows_in_memory": rows})
        ctx = InstalledContext(replace(case, contract=contract), settings)
        found[engine] = [known(validate(ctx, land.land(ctx, key).id)) for key in MONTHS]
    assert found["spark"] == found["pandas"]


def test_without_pyspark_the_error_says_how_to_get_it(monkeypatch) -> None:
    """`engine: spark` on an installation that has no pyspark names the command, and the file that asks for it."""
    monkeypatch.setitem(__import__("sys").modules, "pyspark.sql", None)
    with pytest.raises(
        ConfigurationError, match=r"contract.yaml: engine: .* `make install-spark`, or `engine: pandas`"
    ):
        session("")


def test_spark_spreads_the_work_itself() -> None:
    """A use case on Spark has no mapped tasks beside Spark's own; nothing else changes in its DAGs."""
    case = load(ROOT / "include" / "gatehouse" / "cli" / "template")
    for engine, expected in (("pandas", True), ("spark", False)):
        contract = case.contract.model_copy(update={"engine": engine, "max_rows_in_memory": 10})
        assert partitioned(replace(case, contract=contract)) is expected
