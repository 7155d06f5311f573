"""Checking a divided batch: what each piece of the work is, what it finds, and what all of it says about the batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from gatehouse.columns import Cell
from gatehouse.context import PartitionWork, UseCaseContext
from gatehouse.core.config.contract import TableSpec
from gatehouse.core.contract.parameters import parameters
from gatehouse.core.contract.validation import Validation, decide
from gatehouse.core.rows.row_keys import without_key
from gatehouse.core.types import Batch
from gatehouse.errors import SchemaMismatchError
from gatehouse.pipeline.batch_data import unreadable_rows
from gatehouse.pipeline.batch_data.time_checks import with_time_checks
from gatehouse.pipeline.partitions import partition_reader
from gatehouse.ports import ExpectationFinding, TableCheck
from gatehouse.table_types import undeclared


@dataclass(frozen=True)
class PartitionedCheckResult:
    """A divided batch held against its contract: as `pipeline.validate` has it of an undivided one."""

    validation: Validation
    checks: Mapping[str, TableCheck]
    undeclared: Mapping[str, Sequence[str]]


def partition_tasks(ctx: UseCaseContext, batch: Batch) -> list[PartitionWork]:
    """The pieces of work: each range of each table's rows for what is judged row by row, and every other expectation over
    all rows of the columns that it names."""
    found: list[PartitionWork] = []
    for table, spec in ctx.case.contract.tables.items():
        rows = partition_reader.rows_of(batch, table)
        found += [
            {"table": table, "rows": [each.start, each.stop]}
            for each in partition_reader.ranges(rows, partition_reader.size(ctx))
        ]
        by_row = ctx.checker.by_row(spec)
        found += [{"table": table, "whole": n} for n in range(len(spec.expectations)) if n not in by_row]
    return found


def check_partition(ctx: UseCaseContext, batch: Batch, work: PartitionWork) -> PartitionWork:
    """Do one piece of the work."""
    table, spec = work["table"], ctx.case.contract.tables[work["table"]]
    try:
        if "whole" in work:
            return {**work, "found": {str(work["whole"]): asdict(_whole(ctx, batch, table, work["whole"]))}}
        declared = partition_reader.declared(ctx, batch, table, range(*work["rows"]))
    except SchemaMismatchError as error:
        return {**work, "mismatch": str(error)}
    found = ctx.checker.find(table, spec, declared.frame, _values(ctx, batch), ctx.checker.by_row(spec))
    return {
        **work,
        "found": {str(n): asdict(each) for n, each in found.items()},
        "undeclared": undeclared(declared.frame),
        "cells": [asdict(cell) for cell in declared.cells],
        "keyless": [[work["rows"][0] + row, *why] for row, why in without_key(declared.frame, spec.key).items()],
    }


def combine_checks(ctx: UseCaseContext, batch: Batch, findings: Sequence[PartitionWork]) -> PartitionedCheckResult:
    """What all pieces together say; SchemaMismatchError when the batch lacks a declared column."""
    checks, extra = {}, {}
    for table, spec in ctx.case.contract.tables.items():
        mine = [work for work in findings if work["table"] == table]
        parts = sorted((work for work in mine if "rows" in work), key=lambda work: work["rows"])
        if "mismatch" in parts[0]:
            raise SchemaMismatchError(parts[0]["mismatch"])
        found = {int(n): _plain(each) for work in mine if "whole" in work for n, each in work["found"].items()}
        found |= {n: _summed(ctx, batch, spec, table, n, parts) for n in ctx.checker.by_row(spec)}
        rows, extra[table] = partition_reader.rows_of(batch, table), parts[0]["undeclared"]
        check = ctx.checker.conclude(table, spec, rows, found, _values(ctx, batch))
        cells = [Cell(**cell) for work in parts for cell in work["cells"]]
        keyless = {row: tuple(why) for work in parts for row, *why in work["keyless"]}
        counted = unreadable_rows.counted(check, cells, keyless, rows)
        checks[table] = with_time_checks(counted, table, spec, _column(ctx, batch, table), rows)
    counts = {table: partition_reader.rows_of(batch, table) for table in checks}
    return PartitionedCheckResult(decide(ctx.case.contract.tables, counts, checks), checks, extra)


def _column(ctx: UseCaseContext, batch: Batch, table: str) -> Callable[[str], Any]:
    """One whole column of a divided table at a time."""
    return lambda name: partition_reader.columns(ctx, batch, table, [name])[name]


def _summed(
    ctx: UseCaseContext, batch: Batch, spec: TableSpec, table: str, number: int, parts: Sequence[PartitionWork]
) -> ExpectationFinding:
    """What the parts add up to; where that is not what the whole gives, the whole of the columns is looked at."""
    found = [(work["rows"][0], _plain(work["found"][str(number)])) for work in parts]
    return ctx.checker.merge(spec, number, found) or _whole(ctx, batch, table, number)


def _whole(ctx: UseCaseContext, batch: Batch, table: str, number: int) -> ExpectationFinding:
    spec = ctx.case.contract.tables[table]
    names = spec.expectations[number].reads or spec.key[:1]
    frame = partition_reader.columns(ctx, batch, table, names)
    return ctx.checker.find(table, spec, frame, _values(ctx, batch), [number])[number]


def _plain(document: Mapping[str, Any]) -> ExpectationFinding:
    return ExpectationFinding(**{**document, "bad": tuple(document["bad"]), "examples": tuple(document["examples"])})


def _values(ctx: UseCaseContext, batch: Batch) -> Mapping[str, Any]:
    return parameters(ctx.case.contract, batch.interval)
