"""The checker on Great Expectations: one ephemeral context a call, one batch and one suite a table, nothing shared.

Great Expectations is not safe in threads (results of one batch appear in another), so call this from processes only.
Its Data Docs render data as raw HTML, so results are shown by `gatehouse.report`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gatehouse.adapters.contract.catalogue import EXPECTATIONS
from gatehouse.adapters.contract.masks import MASKS, bad_rows
from gatehouse.adapters.contract.results import Seen, seen
from gatehouse.core.parameters import resolved
from gatehouse.errors import ConfigurationError
from gatehouse.ports import Checker, CheckResult, TableCheck

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from gatehouse.core.specs.contract import ExpectationSpec, TableSpec


class GreatExpectationsChecker(Checker):
    """`ports.Checker` by Great Expectations' own expectations.

    A row that fails a `critical` row-level expectation is bad, `mostly` or not; `mostly` says from which share of
    good rows on the batch as a whole still passes. A critical expectation that cannot be evaluated, and one whose
    rows differ between Great Expectations and our mask, fails the batch: neither count is trusted, and the sentence
    names both.
    """

    def check(self, name: str, spec: TableSpec, frame: pd.DataFrame, parameters: Mapping[str, Any]) -> TableCheck:
        """Evaluate every expectation of the table; a ConfigurationError names one that the contract got wrong."""
        frame = frame.reset_index(drop=True)
        args = [resolved(expectation.args, parameters, spec.columns) for expectation in spec.expectations]
        found = _run(name, spec.expectations, args, frame)
        results: list[CheckResult] = []
        rows: dict[int, list[str]] = {}
        failures: list[str] = []
        for expectation, given, one in zip(spec.expectations, args, found, strict=True):
            results.append(_result(name, expectation, given, one, len(frame)))
            if expectation.severity == "critical":
                _judge(expectation, given, one, frame, rows, failures)
        return TableCheck(tuple(results), {row: tuple(rows[row]) for row in sorted(rows)}, tuple(failures))


def _run(
    name: str, specs: Sequence[ExpectationSpec], args: Sequence[Mapping[str, Any]], frame: pd.DataFrame
) -> list[Seen]:
    """What Great Expectations found, in the order of the contract (its own order puts errors first)."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    if not specs:
        return []
    expectations = [
        _expectation(name, number, spec, given) for number, (spec, given) in enumerate(zip(specs, args, strict=True))
    ]
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    definition = (
        context.data_sources.add_pandas("memory")
        .add_dataframe_asset(name)
        .add_batch_definition_whole_dataframe("whole")
    )
    batch = definition.get_batch({"dataframe": plain(frame)})
    suite = gx.ExpectationSuite(name=name, expectations=expectations)
    outcome = batch.validate(suite, result_format={"result_format": "COMPLETE"})
    by_number = {_number(result): seen(result) for result in outcome.results}
    return [by_number[number] for number in range(len(specs))]


def _number(result: Any) -> int:
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


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame in types whose comparisons with a null are false, as Great Expectations relies on: with pandas' NA it
    raises. Integers that float64 cannot hold exactly are Python's own."""
    import pandas as pd

    return pd.DataFrame({name: _plain_column(frame[name]) for name in frame.columns})


def _plain_column(series: pd.Series[Any]) -> pd.Series[Any]:
    import pandas as pd

    if not isinstance(series.dtype, (pd.Int64Dtype, pd.BooleanDtype)):
        return series
    if not series.hasnans:
        return series.astype("bool" if isinstance(series.dtype, pd.BooleanDtype) else "int64")
    if isinstance(series.dtype, pd.Int64Dtype) and series.dropna().between(-(2**53), 2**53).all():
        return series.astype("float64")
    return series.astype("object").where(series.notna(), float("nan"))


def _result(table: str, spec: ExpectationSpec, args: Mapping[str, Any], one: Seen, rows: int) -> CheckResult:
    return CheckResult(
        table=table,
        expect=spec.expect,
        args=args,
        severity=spec.severity,
        because=spec.because,
        success=one.success,
        checked=rows if one.checked is None else one.checked,
        unexpected=one.unexpected,
        detail=one.detail,
        row_level=EXPECTATIONS[spec.expect].level == "row",
    )


def _judge(
    spec: ExpectationSpec,
    args: Mapping[str, Any],
    one: Seen,
    frame: pd.DataFrame,
    rows: dict[int, list[str]],
    failures: list[str],
) -> None:
    """Add what a critical expectation means for the rows and for the batch."""
    sentence = _sentence(spec, args)
    if one.error or EXPECTATIONS[spec.expect].level == "table":
        if not one.success:
            failures.append(f"{sentence}: {one.detail}")
        return
    if spec.expect not in MASKS:
        raise ConfigurationError(
            "a critical expectation about rows needs a row mask",
            found=spec.expect,
            allowed=", ".join(MASKS),
            owner="data engineer",
        )
    bad = bad_rows(spec.expect, frame, args)
    for row in bad.nonzero()[0]:
        rows.setdefault(int(row), []).append(sentence)
    if difference := _difference(bad, one):
        failures.append(f"{sentence}: {difference}")
    elif float(args.get("mostly", 1)) < 1 and not one.success:
        failures.append(f"{sentence}: {one.unexpected} of {one.checked} rows fail it, more than mostly allows")


def _difference(bad: NDArray[np.bool_], one: Seen) -> str:
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
    return f"{spec.expect}({given})" + (f": {spec.because}" if spec.because else "")
