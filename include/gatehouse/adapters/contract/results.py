"""What Great Expectations says about one expectation, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_EXAMPLES = 5
_LONG = 120
_NULLS = ("None", "nan", "<NA>", "NaT")


@dataclass(frozen=True)
class Seen:
    """One result: rows looked at (None for a whole-table expectation), rows found bad by position, and a sentence."""

    success: bool
    checked: int | None
    unexpected: int
    rows: frozenset[int]
    detail: str
    error: bool = False


def seen(result: Any) -> Seen:
    """Read one `ExpectationValidationResult`. An expectation that raised has failed: what cannot be measured never
    passes.
    """
    raised = _raised(result.exception_info or {})
    if raised:
        return Seen(False, None, 0, frozenset(), f"it could not be evaluated: {raised}", error=True)
    found = result.result
    unexpected = int(found.get("unexpected_count") or 0)
    rows = frozenset(int(row) for row in found.get("unexpected_index_list") or ())
    return Seen(
        bool(result.success), found.get("element_count"), unexpected, rows, _detail(found, bool(result.success))
    )


def _raised(info: dict[str, Any]) -> str:
    """The first message of what was raised; Great Expectations gives one record, or one a metric."""
    records = [info] if "raised_exception" in info else list(info.values())
    messages = [str(record.get("exception_message")) for record in records if record.get("raised_exception")]
    return _short(" ".join(messages[0].split())) if messages else ""


def _detail(found: dict[str, Any], success: bool) -> str:
    if "observed_value" in found:
        return f"observed {_short(str(found['observed_value']))}"
    values = dict.fromkeys(_short(repr(value)) for value in found.get("partial_unexpected_list") or ())
    examples = [text for text in values if text not in _NULLS][:_EXAMPLES]
    return "" if success or not examples else f"for example {', '.join(examples)}"


def _short(text: str) -> str:
    return text if len(text) <= _LONG else f"{text[: _LONG - 3]}..."
