"""The built-in use cases as the stages open them."""

from __future__ import annotations

from functools import lru_cache

import pandas as pd

from gatehouse.adapters.contract import GreatExpectationsChecker
from gatehouse.adapters.sources import open_source
from gatehouse.core.contract.batch_calendar import batch_interval
from gatehouse.core.contract.parameters import parameters
from gatehouse.core.contract.validation import Validation, decide
from gatehouse.ports import CheckResult, Source, TableCheck
from gatehouse.settings import ROOT
from gatehouse.table_types import as_declared
from gatehouse.use_case import UseCase, load

USECASES = ROOT / "include" / "usecases"


@lru_cache
def case(name: str) -> UseCase:
    return load(USECASES / name)


@lru_cache
def source(name: str) -> Source:
    return open_source(case(name).contract, case(name).folder)


@lru_cache
def tables(name: str, key: str) -> dict[str, pd.DataFrame]:
    """A batch as it is validated: the declared columns as their declared types."""
    contract = case(name).contract
    delivered = source(name).fetch(key, batch_interval(contract.frequency, key))
    return {table: as_declared(delivered[table], spec.columns, table) for table, spec in contract.tables.items()}


@lru_cache
def outcomes(name: str, key: str) -> pd.DataFrame:
    contract = case(name).contract
    delivered = source(name).outcomes(key, batch_interval(contract.frequency, key))
    assert delivered is not None
    return as_declared(delivered, contract.outcomes.columns, "outcomes")


@lru_cache
def checked(name: str, key: str) -> dict[str, TableCheck]:
    """Every table of a batch, and its outcomes, against the contract, by Great Expectations."""
    contract = case(name).contract
    values = parameters(contract, batch_interval(contract.frequency, key))
    frames = {**tables(name, key), "outcomes": outcomes(name, key)}
    specs = {**contract.tables, "outcomes": contract.outcomes}
    checker = GreatExpectationsChecker()
    return {table: checker.check(table, specs[table], frame, values) for table, frame in frames.items()}


def validated(name: str, key: str) -> Validation:
    specs, checks = case(name).contract.tables, checked(name, key)
    return decide(
        specs, {table: len(tables(name, key)[table]) for table in specs}, {table: checks[table] for table in specs}
    )


def failed(name: str, key: str, table: str, column: str | None = None) -> list[CheckResult]:
    """The expectations that a batch does not meet, on one column or on the table."""
    return [
        result
        for result in checked(name, key)[table].results
        if not result.success and result.args.get("column", result.args.get("column_list")) == column
    ]


def accepted(name: str, key: str) -> dict[str, pd.DataFrame]:
    """The rows of a batch that the contract accepts."""
    splits = validated(name, key).splits
    return {
        table: frame.iloc[list(splits[table].good)].reset_index(drop=True) for table, frame in tables(name, key).items()
    }
