"""The checker on Great Expectations: one ephemeral context a call, one batch and one suite a table, nothing shared.

Great Expectations is not safe in threads (results of one batch appear in another), so call this from processes only.
Its Data Docs render data as raw HTML, so results are shown by `gatehouse.reports`.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from gatehouse.adapters.contract.decimals import Written
from gatehouse.adapters.contract.gx_results import ExpectationOutcome, detail_of, parse_result
from gatehouse.adapters.contract.merge_partition_results import merged
from gatehouse.adapters.contract.row_masks import MASKS, bad_rows
from gatehouse.adapters.contract.supported_expectations import EXPECTATIONS, is_row_level
from gatehouse.core.contract.parameters import resolved
from gatehouse.errors import ConfigurationError
from gatehouse.ports import Checker, CheckResult, ExpectationFinding, TableCheck

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from gatehouse.core.config.contract import ExpectationSpec, TableSpec


class GreatExpectationsChecker(Checker):
    """`ports.Checker` by Great Expectations' own expectations.

    A row that fails a `critical` row-level expectation is bad, `mostly` or not; `mostly` says from which share of
    good rows on the batch as a whole still passes. A critical expectation that cannot be evaluated, and one whose
    rows differ between Great Expectations and our mask, fails the batch: neither count is trusted, and the sentence
    names both.
    """

    def by_row(self, spec: TableSpec) -> tuple[int, ...]:
        return tuple(number for number, each in enumerate(spec.expectations) if is_row_level(each.expect))

    def about_rows(self, spec: TableSpec) -> tuple[int, ...]:
        return tuple(n for n, each in enumerate(spec.expectations) if EXPECTATIONS[each.expect].level == "row")

    def find(
        self,
        name: str,
        spec: TableSpec,
        frame: pd.DataFrame,
        parameters: Mapping[str, Any],
        numbers: Sequence[int],
    ) -> dict[int, ExpectationFinding]:
        """Evaluate these expectations; a ConfigurationError names one that the contract got wrong."""
        frame = frame.reset_index(drop=True)
        given = {number: resolved(spec.expectations[number].args, parameters, spec.columns) for number in numbers}
        results = self.run(name, spec, given, frame)
        return {number: _found(spec.expectations[number], given[number], results[number], frame) for number in numbers}

    def failing_rows(
        self, name: str, spec: TableSpec, frame: pd.DataFrame, parameters: Mapping[str, Any], numbers: Sequence[int]
    ) -> dict[int, tuple[int, ...]]:
        """By the row masks alone, which `find` holds against Great Expectations for each batch."""
        found = {}
        for number in numbers:
            one = spec.expectations[number]
            bad = bad_rows(one.expect, frame, resolved(one.args, parameters, spec.columns))
            found[number] = tuple(int(row) for row in bad.nonzero()[0])
        return found

    def merge(
        self, spec: TableSpec, number: int, parts: Sequence[tuple[int, ExpectationFinding]]
    ) -> ExpectationFinding | None:
        return merged([part for _, part in parts], [start for start, _ in parts], spec.expectations[number].args)

    def conclude(
        self,
        name: str,
        spec: TableSpec,
        rows: int,
        found: Mapping[int, ExpectationFinding],
        parameters: Mapping[str, Any],
    ) -> TableCheck:
        results: list[CheckResult] = []
        bad: dict[int, list[str]] = {}
        failures: list[str] = []
        for number, expectation in enumerate(spec.expectations):
            args, one = resolved(expectation.args, parameters, spec.columns), found[number]
            results.append(_result(name, expectation, args, one, rows))
            sentence = _sentence(expectation, args)
            for row in one.bad:
                bad.setdefault(row, []).append(sentence)
            if expectation.severity == "critical" and (failure := _failure(expectation, one)):
                failures.append(f"{sentence}: {failure}")
        return TableCheck(tuple(results), {row: tuple(bad[row]) for row in sorted(bad)}, tuple(failures), table=name)

    def run(
        self, name: str, spec: TableSpec, args: Mapping[int, Mapping[str, Any]], frame: pd.DataFrame
    ) -> dict[int, ExpectationOutcome]:
        """What Great Expectations sees, by the number of the expectation (its own order puts errors first)."""
        if not args:
            return {}
        suite = suite_of(name, spec, args)
        import great_expectations as gx

        context = gx.get_context(mode="ephemeral")
        quiet(context)
        definition = (
            context.data_sources.add_pandas("memory")
            .add_dataframe_asset(name)
            .add_batch_definition_whole_dataframe("whole")
        )
        batch = definition.get_batch({"dataframe": to_plain_frame(frame)})
        outcome = batch.validate(suite, result_format={"result_format": "COMPLETE"})
        return {number_of(result): parse_result(result, spec.columns) for result in outcome.results}


def suite_of(name: str, spec: TableSpec, args: Mapping[int, Mapping[str, Any]]) -> Any:
    """The expectations of these numbers as Great Expectations' own suite."""
    import great_expectations as gx

    expectations = [_expectation(name, number, spec.expectations[number], given) for number, given in args.items()]
    return gx.ExpectationSuite(name=name, expectations=expectations)


def quiet(context: Any) -> Any:
    """The context, without progress bars."""
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    return context


def number_of(result: Any) -> int:
    """Which expectation of the table a result is about."""
    return int(result.expectation_config.meta["number"])


def _expectation(table: str, number: int, spec: ExpectationSpec, args: Mapping[str, Any]) -> Any:
    from great_expectations.expectations.registry import get_expectation_impl

    implementation: Any = get_expectation_impl(spec.expect)
    try:
        return implementation(**args, severity=spec.severity, meta={"number": number})
    except Exception as error:  # an unknown name, or pydantic's own ValidationError of the arguments
        raise ConfigurationError(
            f"Great Expectations refuses {spec.expect}: {error}",
            where=f"contract.yaml: table {table!r}, expectations[{number}]",
            found=str(dict(args)),
            owner="data engineer",
        ) from error


def to_plain_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame in types whose comparisons with a null are false, as Great Expectations relies on: with pandas' NA it
    raises. Integers that float64 cannot hold exactly are Python's own."""
    import pandas as pd

    return pd.DataFrame({name: _plain_column(frame[name]) for name in frame.columns})


def _plain_column(series: pd.Series[Any]) -> pd.Series[Any]:
    import numpy as np
    import pandas as pd

    if series.dtype == "object":
        return series.map(lambda value: Written(value) if isinstance(value, Decimal) else value)
    integers = isinstance(series.dtype, (pd.Int64Dtype, pd.UInt64Dtype))
    if not integers and not isinstance(series.dtype, pd.BooleanDtype):
        return series
    if not series.hasnans:
        return series.astype(np.dtype(str(series.dtype).lower().replace("boolean", "bool")))
    if integers and series.dropna().between(-(2**53), 2**53).all():
        return series.astype("float64")
    return series.astype("object").where(series.notna(), float("nan"))


def _found(
    spec: ExpectationSpec, args: Mapping[str, Any], one: ExpectationOutcome, frame: pd.DataFrame
) -> ExpectationFinding:
    """What was seen, and the rows that a critical expectation finds bad by our own mask."""
    found = ExpectationFinding(
        one.success, one.checked, one.present, one.unexpected, (), one.examples, one.detail, "", one.error
    )
    if one.error or spec.severity != "critical" or EXPECTATIONS[spec.expect].level == "table":
        return found
    if spec.expect not in MASKS:
        raise ConfigurationError(
            "a critical expectation about rows needs a row mask",
            found=spec.expect,
            allowed=", ".join(MASKS),
            owner="data engineer",
        )
    bad = bad_rows(spec.expect, frame, args)
    return replace(found, bad=tuple(int(row) for row in bad.nonzero()[0]), issue=_difference(bad, one))


def _result(
    table: str, spec: ExpectationSpec, args: Mapping[str, Any], one: ExpectationFinding, rows: int
) -> CheckResult:
    return CheckResult(
        table=table,
        expect=spec.expect,
        args=args,
        severity=spec.severity,
        because=spec.reason,
        success=one.success,
        checked=rows if one.checked is None else one.checked,
        unexpected=one.unexpected,
        detail=one.detail or ("" if one.success else detail_of(one.examples)),
        row_level=EXPECTATIONS[spec.expect].level == "row",
    )


def _failure(spec: ExpectationSpec, one: ExpectationFinding) -> str:
    """Why a critical expectation fails the batch as a whole; empty when it does not."""
    if one.error or EXPECTATIONS[spec.expect].level == "table":
        return "" if one.success else (one.detail or detail_of(one.examples))
    if one.issue:
        return one.issue
    below = float(spec.args.get("mostly", 1)) < 1 and not one.success
    return f"{one.unexpected} of {one.checked} rows fail it, more than mostly allows" if below else ""


def _difference(bad: NDArray[np.bool_], one: ExpectationOutcome) -> str:
    """A sentence when our mask and Great Expectations do not find the very same rows, else nothing."""
    ours = {int(row) for row in bad.nonzero()[0]}
    if ours == one.rows and len(ours) == one.unexpected:
        return ""
    first = min(ours ^ one.rows, default=None)
    return (
        f"Great Expectations finds {one.unexpected} bad rows and our row mask {len(ours)}; they differ first at "
        f"row {first}. Neither is trusted"
    )


def _sentence(spec: ExpectationSpec, args: Mapping[str, Any]) -> str:
    given = ", ".join(f"{name}={value!s}" for name, value in args.items())
    return f"{spec.expect}({given})" + (f": {spec.reason}" if spec.reason else "")
