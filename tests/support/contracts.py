"""Small contracts for the adapters' tests."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from gatehouse.core.config.contract import Contract, ExpectationSpec, TableSpec

COLUMNS = {
    "id": "integer",
    "name": "string",
    "speed": "number",
    "open": "boolean",
    "at": "timestamp",
    "limit": "number",
}


def expectation(expect: str, severity: str = "critical", reason: str = "", **args: Any) -> dict[str, Any]:
    """One expectation as contract.yaml would have it."""
    return {"expect": expect, "severity": severity, "reason": reason, "args": args}


def contract(*expectations: dict[str, Any], source: dict[str, Any] | None = None, **changes: Any) -> Contract:
    """A contract of monthly batches with the table `rides` and outcomes."""
    return Contract.model_validate_json(
        json.dumps(
            {
                "use_case": "rides", "title": "Late rides", "owner": "data engineering",
                "source": source or {"kind": "python"}, "frequency": "month", "first_batch": "2013-01", "last_batch": "2013-06",
                "tables": {
                    "rides": {"key": ["id"], "time_column": "at", "columns": COLUMNS, "expectations": expectations}
                },
                "outcomes": {
                    "key": ["id"], "columns": {"id": "integer", "late": "boolean"}, "label": "late", "delay": "1 month",
                },
                **changes,
            }
        )
    )  # fmt: skip


def table(*expectations: dict[str, Any], **changes: Any) -> TableSpec:
    """The table `rides` with these expectations."""
    spec = contract().tables["rides"]
    parsed = tuple(ExpectationSpec(**one) for one in expectations)
    return spec.model_copy(update={"expectations": parsed, **changes})


def rides(rows: int = 4, **columns: Any) -> pd.DataFrame:
    """A good table `rides` as declared types; a keyword replaces a column."""
    frame = pd.DataFrame(
        {
            "id": pd.array(range(rows), dtype="Int64"),
            "name": pd.array([f"N{number}" for number in range(rows)], dtype="str"),
            "speed": [float(number) for number in range(rows)],
            "open": pd.array([number % 2 == 0 for number in range(rows)], dtype="boolean"),
            "at": pd.date_range("2013-01-01", periods=rows, freq="h", tz="UTC", unit="us"),
            "limit": [10.0] * rows,
        }
    )
    dtypes = {"id": "Int64", "name": "str", "open": "boolean"}
    for name, values in columns.items():
        frame[name] = pd.array(values, dtype=dtypes[name]) if name in dtypes else values
    return frame
