"""Whatever numbers a document holds, defined or not, it can be shown: in the table, the pages and the drawings."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gatehouse.backtest.history import BatchSummary
from gatehouse.backtest.model_cache import WhatIf
from gatehouse.backtest.run import BacktestResult, BacktestTotals
from gatehouse.cli.backtest_table import human
from gatehouse.core.audit.canonical_json import canonical
from gatehouse.core.gate.decide import decision_from_document
from gatehouse.core.gate.explain import explain
from gatehouse.core.types import Decision
from gatehouse.formatting import between, shown
from gatehouse.reports.backtest import backtest_report
from gatehouse.reports.decision import decision_markdown
from gatehouse.reports.labels import number
from gatehouse.reports.sparklines import interval
from gatehouse.reports.use_case_timeline import timeline
from unit.reports.test_drawings import batch, matured

UNDEFINED = st.sampled_from([None, math.nan, math.inf, -math.inf, "nan", "inf", "-inf"])
NUMBER = UNDEFINED | st.floats(-1e6, 1e6)
STATE = st.sampled_from(["quiet", "alarm", "undefined", "too few rows", "no reference"])
JUDGED = st.fixed_dictionaries(
    {"kind": st.sampled_from(["decay", "calibration", "cost"]), "subject": st.just("log_loss"), "state": STATE,
     "sentence": st.just("measured"), "value": NUMBER, "low": NUMBER, "high": NUMBER, "limit": NUMBER}
)  # fmt: skip
METRIC = st.sampled_from([math.nan, math.inf, -math.inf]) | st.floats(0, 2)
WORDLESS = re.compile(r"\b(nan|inf|None)\b")  # as Python writes what is undefined


def result(judged: list[dict[str, Any]], metrics: list[float]) -> BacktestResult:
    """A backtest of one batch a metric, with these judgements, whose ways have no other mean than these."""
    keys = [f"2020-{month:02}" for month in range(1, len(metrics) + 1)]
    lines = tuple(
        BatchSummary(key, "accepted", 5, 0, decay=tuple(judged), champion=1, metric=metric)
        for key, metric in zip(keys, metrics)
    )
    ways = tuple(
        WhatIf(name, "one", dict(zip(keys, metrics)), 1)
        for name in ("policy", "never", "every batch", "fixed window", "oracle")
    )
    means = {way.name: metrics[0] for way in ways}
    defined = tuple(key for key, metric in zip(keys, metrics) if math.isfinite(metric))
    totals = BacktestTotals(len(lines), 5, 0, defined, 1, 0, 0, 0, 0, {}, means)
    return BacktestResult("rides", "Rides", "log_loss", "nobody", {"retrain": "0", "gate": "0"}, lines, ways, totals)


@given(st.lists(JUDGED, max_size=3), st.lists(METRIC, min_size=1, max_size=3))
@settings(max_examples=50, deadline=None)
def test_a_backtest_is_shown_whatever_its_numbers(judged: list[dict[str, Any]], metrics: list[float]) -> None:
    """The table, the JSON document and the page; an undefined number is a gap, never `nan` or `None`."""
    found = result(judged, metrics)
    assert not WORDLESS.search(human(found))
    json.loads(canonical(found.document()))
    assert not WORDLESS.search(re.sub(r"<[^>]*>", "", backtest_report(found.document())))


@given(NUMBER, NUMBER, NUMBER, NUMBER)
@settings(max_examples=200, deadline=None)
def test_a_decision_is_shown_whatever_its_numbers(value: Any, limit: Any, low: Any, high: Any) -> None:
    """What was archived as a text, as null or as a number: explained, as Markdown, and as a drawing in a cell."""
    judged = {"rule": "not_worse_than_champion", "outcome": "INCONCLUSIVE", "sentence": "it cannot be judged"}
    judged |= {"value": value, "limit": limit, "low": low, "high": high, "standard_error": value}
    document = {
        "id": "0",
        "use_case": "rides",
        "version": 2,
        "verdict": "HOLD",
        "sentence": "wait",
        "results": [judged],
    }
    decision: Decision = decision_from_document(
        {**document, "evidence": "0", "policy": "0", "champion": 1, "generation": 1}
    )
    written = f"{explain(decision)} {decision_markdown('Rides', decision)} {interval(decision.results[0])}"
    assert not WORDLESS.search(written)
    assert not WORDLESS.search(f"{shown(value)} {between(value, low, high)} {number(limit)}")


@given(st.lists(st.tuples(NUMBER, NUMBER, NUMBER), min_size=1, max_size=4))
@settings(max_examples=25, deadline=None)
def test_a_use_case_is_drawn_whatever_its_numbers(values: list[tuple[Any, Any, Any]]) -> None:
    """The time axis of batches of earlier versions and of this one."""
    batches = []
    for place, (value, low, high) in enumerate(values):
        told = matured(0.5, never=low) | {"value": {"value": value, "low": low, "high": high}}
        drift = [{"column": "x", "state": "alarm", "value": value, "limit": high}]
        batches.append(batch(place, alarms=[], drift=drift, matured=told))
    assert "svg" in str(timeline(batches, [], []))
