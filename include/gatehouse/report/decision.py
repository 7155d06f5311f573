"""The report of a decision: the verdict in a sentence, each rule with its measured value and limit, and what would change it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatehouse.core.explain import explain
from gatehouse.report.page import render

if TYPE_CHECKING:
    from gatehouse.core.records import Decision, ModelVersion, RuleResult

TONES = {"PROMOTE": "good", "HOLD": "warn", "REVIEW": "warn", "BLOCK": "bad"}
MARKS = {"PASS": ("good", "✓"), "WARN": ("warn", "!"), "FAIL": ("bad", "✗"), "INCONCLUSIVE": ("warn", "?")}


def decision_report(title: str, decision: Decision, model: ModelVersion) -> str:
    """The HTML page of a decision; the same decision gives the same bytes."""
    return render(
        "decision.html",
        subject=title,
        decision=decision,
        model=model,
        tone=TONES[decision.verdict],
        marks=MARKS,
        explanation=str(explain(decision)).splitlines()[1:],
        number=_number,
        interval=_interval,
    )


def decision_markdown(title: str, decision: Decision) -> str:
    """The decision as a reviewer reads it under Airflow's Required Actions. Values cannot form markup."""
    lines = [f"**{_text(title)}, version {decision.version}: {decision.verdict}**", "", _text(decision.sentence), ""]
    lines += ["| rule | outcome | measured | limit | rows |", "|---|---|---|---|---|"]
    lines += [
        f"| {_text(r.rule)} | {MARKS[r.outcome][1]} {r.outcome} "
        f"| {_number(r.value)} {_interval(r)} | {_number(r.limit)} | {r.rows:,} |"
        for r in decision.results
    ]
    return "\n".join([*lines, "", "No answer in time means: not promoted."])


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _interval(result: RuleResult) -> str:
    return "" if result.low is None or result.high is None else f"({_number(result.low)} to {_number(result.high)})"


def _text(value: str) -> str:
    """A text in which Markdown and HTML have no power."""
    return "".join(f"\\{char}" if char in "\\`*_{}[]<>()#+!|~" else char for char in value.replace("\n", " "))
