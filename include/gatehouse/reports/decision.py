"""The report of a decision: the verdict in a sentence, each rule with its measured value and limit, and what would change it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from gatehouse.core.gate.explain import explain, plain_verdict
from gatehouse.core.statistics.blocked_rows import effective_rows
from gatehouse.formatting import shown
from gatehouse.reports.labels import MARKS, TONES, number
from gatehouse.reports.page import render
from gatehouse.reports.plots import decision_plots
from gatehouse.reports.rule_groups import rule_lines

if TYPE_CHECKING:
    from gatehouse.core.gate.evidence import Evidence
    from gatehouse.core.types import Decision, ModelVersion, RuleResult

_DRAWING = re.compile(r"<figure>(<svg .*?</svg>)</figure>", re.DOTALL)


@dataclass(frozen=True)
class DecisionProvenance:
    """Where a challenger came from: the reasons of its request, the batches with what each was used for, the candidates
    with their metrics and why they failed, and the audit log's lines (number, moment, kind, actor)."""

    asked: tuple[str, ...]
    opened_by: str
    batches: tuple[tuple[str, str], ...]
    candidates: tuple[tuple[str, Mapping[str, float], str], ...]
    selection_metric: str
    audit_log: tuple[tuple[int, str, str, str], ...]
    final_fit: str = ""


def decision_report(
    title: str,
    decision: Decision,
    model: ModelVersion,
    evidence: Evidence | None = None,
    policy: str = "{}",
    origin: DecisionProvenance | None = None,
) -> str:
    """The HTML page of a decision; the same decision gives the same bytes. With the evidence and the policy's text it
    has the plots of champion and challenger, with the origin what the decision's page says of where it came from."""
    values = decision_values(decision, evidence, policy)
    return render("decision.html", subject=title, model=model, origin=origin, **values)


def extract_drawings(report: str) -> list[Markup]:
    """The drawings of an archived report, to be shown again without being drawn again; none for a report without them."""
    # Ours, whatever stands in it from data was escaped, and the lake gives a report only with the sha256 on record.
    return [Markup(svg) for svg in _DRAWING.findall(report)]  # noqa: S704


def decision_values(
    decision: Decision, evidence: Evidence | None, policy: str, drawn: Sequence[Markup] = ()
) -> dict[str, Any]:
    """What `_decision.html` shows, in the archived report and in the page alike. `drawn` are the drawings, where they were
    made before."""
    metric = str(json.loads(policy).get("metric", "")) if evidence else ""
    read, passed = rule_lines(decision, policy)
    plots = list(drawn) or (decision_plots(evidence, metric) if evidence and metric else [])
    return {
        "decision": decision,
        "tone": TONES[decision.verdict],
        "told": plain_verdict(decision).split(": ", 1)[-1],
        "read": read,
        "passed": passed,
        "explanation": str(explain(decision)).splitlines()[1:],
        "plots": plots,
        "facts": _facts(evidence) if evidence else [],
    }


def _facts(evidence: Evidence) -> list[tuple[str, str]]:
    facts = evidence.facts
    speed = f"{facts.rows_per_second:,.0f} rows a second" if facts.rows_per_second else "not measured"
    load = f"{facts.load_seconds:.2f} s" if facts.load_seconds is not None else "not measured"
    return [
        ("Held-out rows", f"{evidence.holdout.rows:,}, from {facts.holdout_from:%Y-%m-%d}{_weighted(evidence)}"),
        ("Outcomes known", f"{shown(facts.maturity, '.1%')} of the held-out batches' rows"),
        ("Trained on", f"{facts.training_rows:,} rows until {facts.training_until:%Y-%m-%d}"),
        ("Model file", f"{facts.size_bytes / 1e6:.2f} MB, loads in {load}, {speed}"),
    ]


def _weighted(evidence: Evidence) -> str:
    """How much weights make of the rows; nothing where all count alike."""
    weights = evidence.holdout.weights
    if weights is None:
        return ""
    return (
        f"; weighted by weights() of model.py, they tell as much as {effective_rows(weights):,.0f} rows of equal weight"
    )


def decision_markdown(title: str, decision: Decision) -> str:
    """The decision as a reviewer reads it under Airflow's Required Actions. Values cannot form markup."""
    lines = [f"**{_text(title)}, version {decision.version}: {decision.verdict}**", "", _text(decision.sentence), ""]
    lines += ["| rule | outcome | measured | limit | rows |", "|---|---|---|---|---|"]
    lines += [
        f"| {_text(r.rule)} | {MARKS[r.outcome][1]} {r.outcome} "
        f"| {number(r.value)} {_interval(r)} | {number(r.limit)} | {r.rows:,} |"
        for r in decision.results
    ]
    return "\n".join([*lines, "", "No answer in time means: not promoted."])


def _interval(result: RuleResult) -> str:
    return "" if result.low is None or result.high is None else f"({number(result.low)} to {number(result.high)})"


def _text(value: str) -> str:
    """A text in which Markdown and HTML have no power."""
    return "".join(f"\\{char}" if char in "\\`*_{}[]<>()#+!|~" else char for char in value.replace("\n", " "))
