"""I14: a champion that is worse than no skill, or than the level asked for, is never silent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gatehouse.invariants.result import InvariantContext

SILENT = 2  # measured batches for which a bad champion may be without an open incident


def no_silent_champion(look: InvariantContext) -> None:
    """I14. Batches measured one after the other on which the champion is surely worse than no skill, or below the level that
    its report names, have an open incident from the third on at the latest."""
    reports = look.examine("SELECT use_case, key, body FROM monitoring_reports ORDER BY use_case, key, revision")
    for use_case, found in groupby(reports, key=lambda row: row["use_case"]):
        silent = 0
        for row in found:
            body = row["body"] if isinstance(row["body"], dict) else json.loads(row["body"])
            if "matured" not in body:
                continue
            told = any(incident.get("state") == "open" for incident in body.get("incidents", ()))
            silent = silent + 1 if _bad(body["matured"]) and not told else 0
            look.expect(
                silent <= SILENT,
                f"{use_case}: at batch {row['key']} the champion is below its level on {silent} measured batches "
                "running, and no incident is open",
            )


def _bad(matured: Mapping[str, Any]) -> bool:
    """By the numbers of the report, not by what it calls them."""
    excess = (matured.get("no_skill") or {}).get("excess") or {}
    worse = isinstance(excess.get("low"), (int, float)) and excess["low"] > 0
    return worse or any(each["kind"] == "level" and each["state"] == "alarm" for each in matured.get("judged", ()))
