"""Words, marks and numbers that the reports and the pages share."""

from __future__ import annotations

from gatehouse.core.audit.canonical_json import finite

TONES = {"PROMOTE": "good", "HOLD": "warn", "REVIEW": "warn", "BLOCK": "bad"}
MARKS = {"PASS": ("good", "✓"), "WARN": ("warn", "!"), "FAIL": ("bad", "✗"), "INCONCLUSIVE": ("warn", "?")}
WORST_FIRST = ("FAIL", "INCONCLUSIVE", "WARN", "PASS")  # what a tired reader looks for stands on top


def number(value: object) -> str:
    """Four significant digits, or whole thousands; nothing for what is undefined."""
    known = finite(value)
    if known is None:
        return ""
    return f"{known:,.0f}" if abs(known) >= 1000 else f"{known:.4g}"
