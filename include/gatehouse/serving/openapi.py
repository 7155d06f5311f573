"""What the OpenAPI document says of one use case: its rows by declared type, its answer and its refusals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gatehouse.core.config.contract import ColumnType, Contract, TableSpec
from gatehouse.core.rows.scores import score_names
from gatehouse.serving.checked_rows import RowRules
from gatehouse.serving.wire import ARROW, JSON

_TYPES: dict[ColumnType, dict[str, Any]] = {
    "string": {"type": "string"}, "integer": {"type": "integer"}, "unsigned": {"type": "integer", "minimum": 0},
    "number": {"type": "number"}, "decimal": {"type": "number"}, "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"}, "timestamp": {"type": "string", "format": "date-time"},
    "timestamp_ns": {"type": "string", "format": "date-time"},
}  # fmt: skip
_MODEL = {"version": {"type": "integer"}, "sha256": {"type": "string"}, "generation": {"type": "integer"}}


def operation(contract: Contract, rules: Mapping[str, RowRules], classes: Sequence[str] = ()) -> dict[str, Any]:
    """The body and the answers of `POST /v1/USE_CASE/predictions`."""
    rows = {name: {"type": "array", "items": _row(spec)} for name, spec in contract.tables.items()}
    sides = {name: each for name, each in rows.items() if name != contract.main}
    asked = {"rows": rows[contract.main], "tables": {"type": "object", "properties": sides}}
    body = {"type": "object", "required": ["rows"], "properties": asked if sides else {"rows": rows[contract.main]}}
    return {
        "requestBody": {"required": True, "content": {JSON: {"schema": body}, ARROW: {"schema": _binary()}}},
        "responses": {
            "200": {"description": "A prediction for each row, in order.", "content": _answer(classes)},
            "422": {"description": "Rows break the contract: " + "; ".join(_sentences(rules[contract.main]))},
            **{code: {"description": text} for code, text in _REFUSALS.items()},
        },
    }


_REFUSALS = {
    "400": "The body is not what is allowed.",
    "401": "The bearer token is missing or another one.",
    "413": "The body is too large.",
    "415": "The content type is another one.",
    "429": "Too many requests.",
    "500": "The model or features() failed.",
    "503": "There is no champion yet, or too many requests are in line.",
    "504": "There was no answer in time.",
}


def _row(spec: TableSpec) -> dict[str, Any]:
    properties = {name: _column(kind, name in spec.key) for name, kind in spec.columns.items()}
    return {"type": "object", "required": list(spec.columns), "properties": properties}


def _column(kind: ColumnType, is_key: bool) -> dict[str, Any]:
    found = _TYPES[kind]
    return found if is_key else {**found, "type": [found["type"], "null"]}


def _sentences(rules: RowRules) -> list[str]:
    yields = [f"each column holds its type; {', '.join(rules.spec.key)} are never null"]
    for number in rules.numbers:
        each = rules.spec.expectations[number]
        yields.append(f"{each.expect} of {', '.join(each.reads)}" + (f" ({each.reason})" if each.reason else ""))
    return yields


def _answer(classes: Sequence[str]) -> dict[str, Any]:
    scores = {name: {"type": "number"} for name in score_names("score", classes)}
    prediction = {"type": "object", "properties": {"key": {"type": "string"}, **scores}}
    properties = {
        "use_case": {"type": "string"},
        "model": {"type": "object", "properties": _MODEL},
        "predictions": {"type": "array", "items": prediction},
        "side_tables_of": {"type": ["string", "null"]},
        "notices": {"type": "array", "items": {"type": "string"}},
    }
    return {JSON: {"schema": {"type": "object", "properties": properties}}, ARROW: {"schema": _binary()}}


def _binary() -> dict[str, Any]:
    return {"type": "string", "format": "binary"}
