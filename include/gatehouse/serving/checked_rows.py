"""Rows given for a prediction: read as declared, and held against each rule of the contract that is about rows.

A request belongs to no batch, so rules about the whole table and rules that compare with the batch's interval say nothing
about it. All others hold as they do in a batch: an unreadable cell, a key that is null, a critical expectation about rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gatehouse.columns import Cell
from gatehouse.context import UseCaseContext
from gatehouse.core.contract.parameters import constants, named_in
from gatehouse.serving.row_problem import RowProblem
from gatehouse.table_types import read_declared, undeclared

if TYPE_CHECKING:
    import pandas as pd

    from gatehouse.core.config.contract import ExpectationSpec, TableSpec
    from gatehouse.core.config.dialect import Dialect


@dataclass(frozen=True)
class CheckedRows:
    """The rows of one table with their declared types, and what is wrong with them in the order of rows."""

    frame: pd.DataFrame
    problems: tuple[RowProblem, ...]
    ignored_columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class RowRules:
    """The rules of one table that a row given for a prediction has to keep: expectations by their number."""

    table: str
    spec: TableSpec
    numbers: tuple[int, ...]
    parameters: Mapping[str, Any]


def row_rules(ctx: UseCaseContext, table: str, among_rows: bool = False) -> RowRules:
    """The critical expectations about rows that need no batch; `among_rows` adds those that compare rows of a file."""
    spec, known = ctx.case.contract.tables[table], constants(ctx.case.contract)
    numbers = ctx.checker.about_rows(spec) if among_rows else ctx.checker.by_row(spec)
    kept = tuple(number for number in numbers if _needs_no_batch(spec.expectations[number], known))
    return RowRules(table, spec, kept, known)


def _needs_no_batch(expectation: ExpectationSpec, known: Mapping[str, Any]) -> bool:
    return expectation.severity == "critical" and named_in(expectation.args) <= set(known)


def check_rows(
    ctx: UseCaseContext, rules: RowRules, delivered: pd.DataFrame, where: str, dialect: Dialect | None = None
) -> CheckedRows:
    """Read the rows and name each that breaks a rule; SchemaMismatchError when a declared column is missing."""
    spec = rules.spec
    declared = read_declared(delivered, spec.columns, where, spec.key, dialect)
    frame = declared.frame
    unread = {(cell.row, cell.column) for cell in declared.cells}
    problems = [_of_cell(rules.table, cell) for cell in declared.cells]
    problems += [each for each in _keyless(rules.table, frame, spec.key) if (each.row, each.columns[0]) not in unread]
    failing = ctx.checker.failing_rows(rules.table, spec, frame, rules.parameters, rules.numbers)
    for number, rows in failing.items():
        named = spec.expectations[number].reads
        seen = (row for row in rows if not any((row, name) in unread for name in named))
        problems += [_of_rule(rules.table, spec.expectations[number], frame, row) for row in seen]
    return CheckedRows(frame, tuple(sorted(problems, key=lambda each: each.row)), undeclared(frame))


def _of_cell(table: str, cell: Cell) -> RowProblem:
    return RowProblem(table, cell.row, f"type {cell.declared}", (cell.column,), cell.value, cell.advice)


def _keyless(table: str, frame: pd.DataFrame, key: Sequence[str]) -> Iterator[RowProblem]:
    for name in key:
        for row in frame[name].isna().to_numpy().nonzero()[0]:
            yield RowProblem(table, int(row), "a key is never null", (name,), "null")


def _of_rule(table: str, expectation: ExpectationSpec, frame: pd.DataFrame, row: int) -> RowProblem:
    given = ", ".join(f"{name}={value!s}" for name, value in expectation.args.items())
    value = ", ".join(_shown(frame[name].iloc[row]) for name in expectation.reads)
    return RowProblem(table, row, f"{expectation.expect}({given})", expectation.reads, value, expectation.reason)


def _shown(value: Any) -> str:
    import pandas as pd

    if pd.isna(value):
        return "null"
    return str(value)[:200] if isinstance(value, pd.Timestamp) else repr(getattr(value, "item", lambda: value)())[:200]
