"""What every batch of the history has kept, as expectations with the evidence for a reason."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

_MOST_VALUES = 20


def expectations(
    rows: pd.DataFrame, types: Mapping[str, str], key: Sequence[str], time: str | None, batches: pd.Series[str]
) -> list[dict[str, Any]]:
    """One list for `contract.yaml`: critical about what names and dates a row, warnings about all else."""
    count = batches.nunique()
    unique = (
        _expect("values_to_be_unique", "critical", "the key names each row once", column=key[0])
        if len(key) == 1
        else {
            "expect": "expect_compound_columns_to_be_unique", "severity": "critical",
            "reason": "the key names each row once", "args": {"column_list": list(key)},
        }
    )  # fmt: skip
    found = [unique]
    if time is not None:
        found.append(
            _expect(
                "values_to_be_between", "critical", "a row of another interval does not belong to this batch",
                column=time, min_value="$interval_start", max_value="$interval_end", strict_max=True,
            )
        )  # fmt: skip
    for name, kind in types.items():
        if name not in (*key, time):
            found += _of_column(rows[name], name, kind, batches, count)
    return found


def _of_column(
    column: pd.Series[Any], name: str, kind: str, batches: pd.Series[str], count: int
) -> list[dict[str, Any]]:
    found = []
    missing = column.isna().groupby(batches.to_numpy()).mean()
    most = float(missing.max())
    if most < 0.5:
        mostly = math.floor(100 * (1 - 2 * most - 0.02)) / 100
        seen = "it is never missing" if most == 0 else f"at most {most:.1%} of it is missing"
        found.append(_not_null(name, max(mostly, 0.01), f"{seen}: seen in {count} of {count} batches"))
    known = column.dropna()
    if kind in ("number", "integer", "unsigned") and len(known) and known.nunique() > 2:
        low, high = float(known.min()), float(known.max())
        slack = (high - low) / 2
        bounds = {
            "min_value": _short(max(low - slack, 0) if low >= 0 else low - slack),
            "max_value": _short(high + slack),
        }
        reason = f"values lie between {low:g} and {high:g}: seen in {count} of {count} batches"
        found.append(_expect("values_to_be_between", "warning", reason, column=name, mostly=0.99, **bounds))
    elif kind == "string" and 1 < known.nunique() <= _MOST_VALUES and len(known) > 10 * known.nunique():
        reason = f"{known.nunique()} values, and no others: seen in {count} of {count} batches"
        values = sorted(map(str, known.unique()))
        found.append(_expect("values_to_be_in_set", "warning", reason, column=name, value_set=values, mostly=0.98))
    return found


def _not_null(name: str, mostly: float, reason: str) -> dict[str, Any]:
    return _expect("values_to_not_be_null", "warning", reason, column=name, mostly=mostly)


def _expect(what: str, severity: str, reason: str, **args: Any) -> dict[str, Any]:
    return {"expect": f"expect_column_{what}", "severity": severity, "reason": reason, "args": args}


def _short(value: float) -> float | int:
    short = float(f"{value:.4g}")
    return int(short) if short.is_integer() and abs(short) < 2**53 else short
