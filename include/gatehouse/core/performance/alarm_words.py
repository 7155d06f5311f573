"""An incident in a person's units: what is off, by how much, and what the limit is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gatehouse.core.audit.canonical_json import finite
from gatehouse.formatting import number

ORDER = ("calibration", "decay", "level", "no_skill")  # the plainest measure first


def alarm_headline(incident: Mapping[str, Any], judged: Sequence[Mapping[str, Any]], task: str = "") -> str:
    """`Predictions are 9.7 points too low; limit 5`, or the first clause of the incident's own sentence.

    `judged` are the judgements of the report that found it last; `task` is the use case's, empty where it is unknown.
    """
    sentence = str(incident.get("sentence") or incident.get("kind") or "an incident")
    said = {sentence, *map(str, incident.get("consequences") or ())}
    mine = [each for each in judged if any(str(each.get("sentence")) in told for told in said)]
    for kind in ORDER:
        for each in mine:
            if each.get("kind") == kind and (words := _words(each, kind, task)):
                return words
    return sentence.partition("; ")[0]


def _words(each: Mapping[str, Any], kind: str, task: str) -> str:
    """One judgement in a person's units; empty where a number is missing."""
    value, limit = finite(each.get("value")), finite(each.get("limit"))
    if value is None or limit is None:
        return ""
    if kind == "calibration":
        return _gap(value, limit, task, str((each.get("more") or {}).get("class", "")))
    metric = str(each.get("subject", "")).replace("_", " ")
    told = f"{metric[:1].upper()}{metric[1:]} is {number(value, limit)}"
    if kind == "no_skill":
        return f"{told}; a model without skill reaches {number(limit, value)}"
    return f"{told}; limit {number(limit, value)}"


def _gap(gap: float, limit: float, task: str, of_class: str) -> str:
    """Shares are told in percentage points; a regression in the units of its label."""
    way = "low" if gap < 0 else "high"
    about = f"Predictions of {of_class}" if of_class else "Predictions"
    if task == "regression":
        return f"{about} are {number(abs(gap))} too {way} on average; limit {number(limit)}"
    return f"{about} are {number(100 * abs(gap), digits=2)} points too {way}; limit {number(100 * limit)}"
