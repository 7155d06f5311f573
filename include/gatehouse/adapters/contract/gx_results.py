"""What Great Expectations says about one expectation, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_EXAMPLES = 5
_KEPT = 20  # bad values that Great Expectations keeps
_LONG = 120
_NULLS = ("None", "nan", "<NA>", "NaT")


@dataclass(frozen=True)
class ExpectationOutcome:
    """One result: rows looked at (None for a whole-table expectation) and of them those that hold what is asked about,
    rows found bad by position, the first bad values, and what was observed of the table as a whole."""

    success: bool
    checked: int | None
    present: int
    unexpected: int
    rows: frozenset[int]
    examples: tuple[str, ...]
    detail: str
    error: bool = False


def parse_result(result: Any, columns: Mapping[str, str]) -> ExpectationOutcome:
    """Read one `ExpectationValidationResult` about columns of these types. An expectation that raised has failed: what
    cannot be measured never passes."""
    raised = _raised(result.exception_info or {})
    if raised:
        return ExpectationOutcome(
            False, None, 0, 0, frozenset(), (), f"it could not be evaluated: {raised}", error=True
        )
    found = result.result
    unexpected = int(found.get("unexpected_count") or 0)
    rows = frozenset(int(row) for row in found.get("unexpected_index_list") or ())
    checked, kwargs = found.get("element_count"), result.expectation_config.kwargs
    values = [_typed(value, kwargs, columns) for value in found.get("partial_unexpected_list") or ()]
    examples = tuple(_short(repr(value)) for value in values)
    present = (checked or 0) - int(found.get("missing_count") or 0)
    observed = f"observed {_short(str(found['observed_value']))}" if "observed_value" in found else ""
    return ExpectationOutcome(bool(result.success), checked, present, unexpected, rows, examples, observed)


def parse_row_result(
    one: ExpectationOutcome,
    rows: Sequence[int],
    kwargs: Mapping[str, Any],
    columns: Mapping[str, str],
    frame: pd.DataFrame,
) -> ExpectationOutcome:
    """The same with these rows, in order, and the first bad values as the table has them: for an engine that hands values
    back in no order, or as other types."""
    names = [str(kwargs[key]) for key in ("column", "column_A", "column_B") if key in kwargs]
    several = kwargs.get("column_list")
    first = frame.iloc[list(rows[:_KEPT])]
    values: list[Any]
    if several:
        values = first[list(several)].to_dict("records")
    else:
        values = list(zip(*(first[name] for name in names))) if len(names) > 1 else [*first[names[0]]] if names else []
    shown = (_short(repr(_typed(value, kwargs, columns))) for value in values)
    return replace(one, rows=frozenset(rows), examples=tuple(shown))


def detail_of(examples: Sequence[str]) -> str:
    """The first different values among the first bad ones, in a sentence."""
    shown = [text for text in dict.fromkeys(examples) if text not in _NULLS][:_EXAMPLES]
    return f"for example {', '.join(shown)}" if shown else ""


def _typed(value: Any, kwargs: Mapping[str, Any], columns: Mapping[str, str]) -> Any:
    """A value as its column declares it, as Python's own. A null anywhere in the column makes Great Expectations see its
    integers as floats; whether `5`, `5.0` or `np.float64(5.0)` is shown must not depend on rows elsewhere."""
    if isinstance(value, dict):
        return {name: _whole(each, columns.get(name)) for name, each in value.items()}
    if isinstance(value, tuple):
        names = [kwargs.get("column_A"), kwargs.get("column_B")]
        return tuple(_whole(each, columns.get(str(name))) for name, each in zip(names, value))
    return _whole(value, columns.get(str(kwargs.get("column"))))


def _whole(value: Any, declared: str | None) -> Any:
    value = value.item() if hasattr(value, "item") else value
    whole = declared in ("integer", "unsigned") and isinstance(value, float) and value.is_integer()
    return int(value) if whole else value


def _raised(info: dict[str, Any]) -> str:
    """The first message of what was raised; Great Expectations gives one record, or one a metric."""
    records = [info] if "raised_exception" in info else list(info.values())
    messages = [str(record.get("exception_message")) for record in records if record.get("raised_exception")]
    return _short(" ".join(messages[0].split())) if messages else ""


def _short(text: str) -> str:
    return text if len(text) <= _LONG else f"{text[: _LONG - 3]}..."
