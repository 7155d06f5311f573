"""Our own reports: self-contained HTML pages in which every value from data, contract or person is escaped."""

from __future__ import annotations

from gatehouse.reports.batch import batch_report
from gatehouse.reports.decision import decision_markdown, decision_report
from gatehouse.reports.page import render

__all__ = ["batch_report", "decision_markdown", "decision_report", "render"]
