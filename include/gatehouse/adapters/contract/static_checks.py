"""Checks a contract's expectations before any data comes, without importing Great Expectations.

Names, arguments, columns, `$parameters`, the types that an expectation can look at, and that every critical row-level
expectation has a row mask: only then can its bad rows be quarantined one by one.
"""

from __future__ import annotations

import difflib
import re
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, get_args

from gatehouse.adapters.contract.row_masks import MASKS
from gatehouse.adapters.contract.supported_expectations import EXPECTATIONS, REFUSED
from gatehouse.core.config.contract import ColumnType
from gatehouse.core.contract.batch_calendar import batch_interval
from gatehouse.core.contract.parameters import Parameter, parameters, resolved
from gatehouse.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatehouse.core.config.contract import Contract, ExpectationSpec, TableSpec

_TEXT_ONLY = re.compile(r"_(match_|value_lengths_|json_|dateutil_)")
_ORDERED_ONLY = re.compile(r"_(values|max|min)_to_be_between$")
_NUMBERS_ONLY = re.compile(r"_(mean|median|stdev|sum|quantile_values|z_scores|kl_divergence)_to_be_")
_IGNORE = {
    "column_A": ("both_values_are_missing", "either_value_is_missing", "neither"),
    "column_list": ("all_values_are_missing", "any_value_is_missing", "never"),
}


def check_contract(contract: Contract, where: str = "contract.yaml") -> None:
    """Raise ConfigurationError for the first expectation or parameter that cannot work; `where` is the file."""
    for problem in contract_problems(contract, where):
        raise problem


def contract_problems(contract: Contract, where: str = "contract.yaml") -> Iterator[ConfigurationError]:
    """Yield what is wrong with each expectation that cannot work, or with the parameters."""
    try:
        values = parameters(contract, batch_interval(contract.frequency, contract.first_batch))
    except ConfigurationError as error:
        yield _wrong(error.what, f"{where}: {error.where}", error.found, error.allowed)
        return
    tables = {f"tables.{name}": spec for name, spec in contract.tables.items()}
    for path, spec in {**tables, "outcomes": contract.outcomes}.items():
        for number, expectation in enumerate(spec.expectations):
            try:
                _check(f"{where}: {path}.expectations[{number}]", expectation, spec, values)
            except ConfigurationError as error:
                yield error


def _check(place: str, expectation: ExpectationSpec, spec: TableSpec, values: dict[str, Parameter]) -> None:
    _check_name(place, expectation)
    _check_args(place, expectation)
    _check_columns(place, expectation, spec)
    _check_values(place, expectation, spec, values)


def _check_name(place: str, expectation: ExpectationSpec) -> None:
    name = expectation.expect
    if name in REFUSED:
        raise _wrong("this expectation is not used here", place, name, REFUSED[name])
    if name not in EXPECTATIONS:
        close = difflib.get_close_matches(name, EXPECTATIONS, n=3) or sorted(EXPECTATIONS)
        raise _wrong("Great Expectations has no such expectation", place, name, f"did you mean {' or '.join(close)}?")
    if expectation.severity == "critical" and EXPECTATIONS[name].level == "row" and name not in MASKS:
        allowed = f"severity warning or info, or one of {', '.join(MASKS)}"
        raise _wrong(
            "a critical expectation about rows needs a row mask, so that bad rows can be quarantined",
            place,
            name,
            allowed,
        )


def _check_args(place: str, expectation: ExpectationSpec) -> None:
    known = EXPECTATIONS[expectation.expect]
    unknown = [arg for arg in expectation.args if arg not in known.args]
    if unknown:
        raise _wrong(f"{expectation.expect} has no such argument", place, ", ".join(unknown), ", ".join(known.args))
    missing = [arg for arg in known.required if arg not in expectation.args]
    if "min_value" in known.args and not {"min_value", "max_value"} & expectation.args.keys():
        missing.append("min_value or max_value")
    if missing:
        raise _wrong(
            f"{expectation.expect} lacks {', '.join(missing)}",
            place,
            str(dict(expectation.args)),
            ", ".join(known.args),
        )
    for column, allowed in _IGNORE.items():
        if column in known.args and expectation.args.get("ignore_row_if", allowed[0]) not in allowed:
            raise _wrong("no such ignore_row_if", place, str(expectation.args["ignore_row_if"]), ", ".join(allowed))
    share = expectation.args.get("mostly", 1)
    if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 <= share <= 1:
        raise _wrong("mostly is the share of good rows", place, repr(share), "a number from 0 to 1")


def _check_columns(place: str, expectation: ExpectationSpec, spec: TableSpec) -> None:
    args = expectation.args
    named = [args[key] for key in ("column", "column_A", "column_B") if key in args]
    named += args["column_list"] if isinstance(args.get("column_list"), list) else []
    for column in named:
        if column not in spec.columns:
            close = difflib.get_close_matches(str(column), spec.columns, n=3) or list(spec.columns)
            raise _wrong("no such column is declared", place, repr(column), ", ".join(close))
        types = _types(expectation.expect)
        if spec.columns[column] not in types:
            raise _wrong(
                f"{expectation.expect} cannot look at a column of this type",
                place,
                f"{column}: {spec.columns[column]}",
                ", ".join(types),
            )


def _types(expect: str) -> tuple[str, ...]:
    if _TEXT_ONLY.search(expect):
        return ("string",)
    if _NUMBERS_ONLY.search(expect):
        return ("integer", "unsigned", "number")
    if _ORDERED_ONLY.search(expect):
        return ("integer", "unsigned", "number", "decimal", "date", "timestamp", "timestamp_ns")
    return get_args(ColumnType)


def _check_values(place: str, expectation: ExpectationSpec, spec: TableSpec, values: dict[str, Parameter]) -> None:
    """Every `$name` is known, every regex compiles, and what is compared with a column is of the column's type."""
    try:
        args = resolved(expectation.args, values, spec.columns)
        re.compile(str(args.get("regex", "")))
    except ConfigurationError as error:
        raise _wrong(error.what, place, error.found, error.allowed) from None
    except re.error as error:
        raise _wrong("not a regular expression", place, repr(args["regex"]), str(error)) from None
    declared = spec.columns.get(str(args.get("column")))
    compared = args.get("value_set") if isinstance(args.get("value_set"), list) else []
    if _ORDERED_ONLY.search(expectation.expect):
        compared = [args[key] for key in ("min_value", "max_value") if args.get(key) is not None]
        rounded = [value for value in compared if isinstance(value, int) and float(value) != value]
        if rounded:
            raise _wrong(
                "Great Expectations rounds this bound",
                place,
                str(rounded[0]),
                "a whole number that a float holds exactly",
            )
    for value in compared or ():
        if declared and not _fits(value, declared):
            raise _wrong(
                f"compared with a column of type {declared}", place, repr(value), f"a value of type {declared}"
            )


def _fits(value: Any, declared: str) -> bool:
    if declared in ("integer", "unsigned", "number", "decimal"):
        return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)
    return isinstance(value, {"string": str, "boolean": bool}.get(declared, datetime))


def _wrong(what: str, place: str, found: str, allowed: str) -> ConfigurationError:
    return ConfigurationError(what, where=place, found=found, allowed=allowed, owner="data engineer")
