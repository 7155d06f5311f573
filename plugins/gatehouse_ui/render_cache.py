"""What takes time to make for a page and may be shown again: drawings, remembered by what they are drawn from."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from gatehouse.errors import ConfigurationError, LakeError
from gatehouse.pipeline.judge.evidence import archived_evidence
from gatehouse.reports.decision import decision_values, extract_drawings
from gatehouse.reports.use_case_timeline import timeline

if TYPE_CHECKING:
    from markupsafe import Markup

    from gatehouse.core.types import FileRef
    from gatehouse.queries import DecisionView, UseCaseView
    from gatehouse_ui.data_access import DataAccess

KEPT = 64  # use cases, and decisions: some 200 kB each


class RenderCache:
    """The newest `most` drawings by their key. Two requests at once may draw the same twice, which is harmless."""

    def __init__(self, most: int = KEPT) -> None:
        self._most, self._kept = most, dict[str, dict[str, Any]]()

    def get(self, key: str) -> dict[str, Any] | None:
        found = self._kept.pop(key, None)
        if found is not None:
            self._kept[key] = found
        return found

    def put(self, key: str, values: dict[str, Any]) -> dict[str, Any]:
        self._kept[key] = values
        for old in list(self._kept)[: -self._most]:
            self._kept.pop(old, None)
        return values


_use_cases = RenderCache()


def use_case(view: UseCaseView) -> dict[str, Any]:
    """The drawings of a use case's page. They change with the records they are drawn from, and with nothing else."""
    drawn_from = json.dumps([view.batches, view.requests, view.promotions], default=str)
    key = hashlib.sha256(drawn_from.encode()).hexdigest()
    return _use_cases.get(key) or _use_cases.put(
        key,
        {"timeline": timeline(view.batches, view.requests, view.promotions) if view.batches else ""},
    )


def render_decision(desk: DataAccess, view: DecisionView) -> dict[str, Any]:
    """The shared content of page and report. A decision never changes, so neither do its plots."""
    try:
        return _decision(desk, view.decision, view.evidence_file, view.row["policy_text"], view.report)
    except (LakeError, ConfigurationError, TypeError, KeyError, ValueError) as error:  # lost, or of another version
        return {
            **decision_values(view.decision, None, "{}"),
            "metric": "",
            "lost": f"{type(error).__name__}: {error}"[:500],
        }


@lru_cache(maxsize=KEPT)
def _decision(desk: DataAccess, decision: Any, file: FileRef, policy: str, report: FileRef | None) -> dict[str, Any]:
    metric, evidence = json.loads(policy).get("metric", ""), archived_evidence(desk.lake, file)[0]
    return {**decision_values(decision, evidence, policy, _archived(desk, report)), "metric": metric, "lost": ""}


def _archived(desk: DataAccess, report: FileRef | None) -> list[Markup]:
    """The drawings of the archived report; none where it is lost: `gatehouse audit verify` tells it, and they are drawn anew."""
    try:
        return extract_drawings(desk.lake.read(report).decode()) if report else []
    except LakeError:
        return []
