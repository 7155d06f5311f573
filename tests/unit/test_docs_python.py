"""The Python code of the how-to pages works."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import mean_poisson_deviance

from gatehouse.adapters.sources.use_case_module import PythonModuleSource
from gatehouse.core.config.contract import Contract
from gatehouse.core.config.gate import RULES
from gatehouse.core.contract.batch_calendar import batch_interval
from gatehouse.core.types import RuleOutcome
from gatehouse.settings import ROOT

BLOCK = re.compile(r"(?ms)^```python\n(.*?)^```")


def blocks(page: str) -> list[str]:
    """The Python blocks of a page."""
    return BLOCK.findall((ROOT / "docs" / page).read_text(encoding="utf-8"))


def defined(code: str) -> dict[str, Any]:
    """What a block defines."""
    names: dict[str, Any] = {}
    exec(compile(code, "block", "exec", dont_inherit=True), names)
    return names


def test_every_block_is_python() -> None:
    """Every Python block of the documents compiles."""
    pages = [page for page in (ROOT / "docs").rglob("*.md") if BLOCK.search(page.read_text(encoding="utf-8"))]
    assert len(pages) > 4
    for page in pages:
        for code in blocks(str(page.relative_to(ROOT / "docs"))):
            compile(code, str(page), "exec")


def test_the_function_of_a_rule_answers() -> None:
    """The function of the page gives value, limit, verdict and sentence for held-out rows."""
    rows = pd.DataFrame({"label": [1.0, 0.0, 0.0, 1.0], "challenger": [0.9, 0.9, 0.1, 0.1]})
    function = defined(blocks("how-to/add-a-rule.md")[0])["cost_per_flight"]
    assert function(rows) == (30.0, 20.0, False, "a flight costs 30.00; demanded: at most 20")


def test_the_rule_of_the_page_judges() -> None:
    """The class of the page is a rule with a name of its own, and it never passes what it cannot measure."""
    kind = defined(blocks("how-to/add-a-rule.md")[1])["MatureHoldout"]
    rule = kind.model_validate({"rule": "mature_holdout", "description": "Most labels are there.", "min_share": 0.9})
    assert rule.rule not in RULES
    for maturity, outcome in (
        (0.95, RuleOutcome.PASS),
        (0.5, RuleOutcome.FAIL),
        (float("nan"), RuleOutcome.INCONCLUSIVE),
    ):
        measures: Any = SimpleNamespace(facts=SimpleNamespace(maturity=maturity))
        assert rule.judge(measures)[0].outcome is outcome


def test_the_source_of_the_page_delivers(tmp_path: Path) -> None:
    """The module of the page gives batches and outcomes for a contract."""
    (tmp_path / "source.py").write_text(blocks("how-to/add-a-source.md")[0])
    table = {"key": ["time_hour"], "columns": {"time_hour": "timestamp", "temp": "number"}}
    outcomes = {"key": ["time_hour"], "columns": {"time_hour": "timestamp", "visib": "number"}, "label": "visib"}
    contract = Contract.model_validate_json(json.dumps({
        "use_case": "case", "title": "T", "owner": "o", "frequency": "month", "first_batch": "2013-01",
        "source": {"kind": "python", "options": {"station": "JFK"}},
        "tables": {"rows": table}, "outcomes": {**outcomes, "delay": "1 day"},
    }))  # fmt: skip
    source = PythonModuleSource(contract, contract.source, tmp_path)  # type: ignore[arg-type]
    interval = batch_interval("month", "2013-02")
    assert source.available()[1] == "2013-02"
    assert 600 < len(source.fetch("2013-02", interval)["rows"]) <= 28 * 24
    found = source.outcomes("2013-02", interval)
    assert found is not None
    assert set(found.columns) == {"time_hour", "visib"}


def test_the_join_of_the_page_keeps_each_row() -> None:
    """The features of the page have one row for each flight, also without weather."""
    flights = pd.DataFrame({"id": [1, 2], "origin": ["JFK", "LGA"], "hour": [1, 1]})
    weather = pd.DataFrame({"origin": ["JFK"], "hour": [1], "wind": [7.0]})
    features = defined(blocks("how-to/use-several-tables.md")[0])["features"]
    assert features({"flights": flights, "weather": weather})["origin"].tolist() == ["JFK", "LGA"]


def test_the_metrics_for_counts_and_forecasts_are_those_of_their_names() -> None:
    """The deviance is scikit-learn's, a count of zero included; WAPE is a share of all that happened, by weight."""
    metrics = defined(blocks("how-to/counts-rankings-forecasts.md")[0])["METRICS"]
    label, said, weight = np.array([0.0, 2.0, 5.0]), np.array([0.5, 1.0, 6.0]), np.array([1.0, 1.0, 0.0])
    assert metrics["poisson_deviance"](label, said, weight).mean() == pytest.approx(mean_poisson_deviance(label, said))
    assert metrics["wape"](label, said, weight) == pytest.approx(1.5 / 2)
