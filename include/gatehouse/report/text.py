"""Words, marks and numbers that the reports and the pages share."""

from __future__ import annotations

TONES = {"PROMOTE": "good", "HOLD": "warn", "REVIEW": "warn", "BLOCK": "bad"}
MARKS = {"PASS": ("good", "✓"), "WARN": ("warn", "!"), "FAIL": ("bad", "✗"), "INCONCLUSIVE": ("warn", "?")}
WORST_FIRST = ("FAIL", "INCONCLUSIVE", "WARN", "PASS")  # what a tired reader looks for stands on top


def number(value: float | None) -> str:
    """Four significant digits, or whole thousands; nothing for None."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
