"""The checker on Great Expectations' Spark engine, with the results of the pandas one.

What the two engines answer alike for every value goes to Spark (`ON_SPARK`). Everything else stays with pandas: statistics,
which Spark sums in another order or approximates; regular expressions, which are Java's there; what Spark's engine does not
know. Rows are held against our own masks as ever, so a difference between the engines is found, never passed on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gatehouse.adapters.contract.gx_checker import GreatExpectationsChecker, number_of, quiet, suite_of, to_plain_frame
from gatehouse.adapters.contract.gx_results import ExpectationOutcome, parse_result, parse_row_result
from gatehouse.adapters.spark.session import session

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from gatehouse.core.config.contract import ExpectationSpec, TableSpec

ROW = "gh_row"
ON_SPARK = frozenset(
    {
        "expect_column_pair_values_a_to_be_greater_than_b",
        "expect_column_pair_values_to_be_equal",
        "expect_column_value_lengths_to_be_between",
        "expect_column_value_lengths_to_equal",
        "expect_column_values_to_be_between",
        "expect_column_values_to_be_in_set",
        "expect_column_values_to_be_null",
        "expect_column_values_to_be_unique",
        "expect_column_values_to_not_be_in_set",
        "expect_column_values_to_not_be_null",
        "expect_compound_columns_to_be_unique",
        "expect_table_row_count_to_be_between",
        "expect_table_row_count_to_equal",
    }
)
# Types that Spark holds exactly: it has no unsigned integers and no nanoseconds, and compares days and decimals otherwise.
SPARK_TYPES = frozenset({"string", "integer", "number", "boolean", "timestamp"})


def on_spark(spec: ExpectationSpec, columns: Mapping[str, str]) -> bool:
    """Whether Spark's engine answers as pandas' does. Pairs: of columns of one type (Spark compares an integer with a number
    as numbers), and not of rows where both are null (equal to nothing here, left out there)."""
    if spec.expect not in ON_SPARK or not all(columns[name] in SPARK_TYPES for name in spec.reads):
        return False
    pair = "column_A" in spec.args
    alike = len({columns[name] for name in spec.reads}) == 1 and spec.args.get("ignore_row_if") != "neither"
    return alike if pair else True


class SparkChecker(GreatExpectationsChecker):
    """`ports.Checker` that has Spark look at the rows; `master` as Spark writes it, empty for this machine."""

    def __init__(self, master: str = "") -> None:
        self._master = master

    def run(
        self, name: str, spec: TableSpec, args: Mapping[int, Mapping[str, Any]], frame: pd.DataFrame
    ) -> dict[int, ExpectationOutcome]:
        """What is seen of each expectation; one that Spark could not evaluate is asked of pandas."""
        wanted = {n: given for n, given in args.items() if len(frame) and on_spark(spec.expectations[n], spec.columns)}
        found = self._on_spark(name, spec, wanted, frame) if wanted else {}
        return found | super().run(name, spec, {n: given for n, given in args.items() if n not in found}, frame)

    def _on_spark(
        self, name: str, spec: TableSpec, args: Mapping[int, Mapping[str, Any]], frame: pd.DataFrame
    ) -> dict[int, ExpectationOutcome]:
        import great_expectations as gx

        held = [column for column in frame.columns if spec.columns[column] in SPARK_TYPES]
        rows = session(self._master).createDataFrame(arrow(frame[held])).persist()
        try:
            context = quiet(gx.get_context(mode="ephemeral"))
            asset = context.data_sources.add_spark("spark").add_dataframe_asset(name)
            batch = asset.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": rows})
            asked = {"result_format": "COMPLETE", "unexpected_index_column_names": [ROW]}
            results = batch.validate(suite_of(name, spec, args), result_format=asked).results
        finally:
            rows.unpersist()
        shown = to_plain_frame(frame)
        read = {number_of(result): _seen(result, spec, shown) for result in results}
        return {number: one for number, one in read.items() if not one.error}


def _seen(result: Any, spec: TableSpec, frame: pd.DataFrame) -> ExpectationOutcome:
    """As pandas' engine would tell it: rows by position and in order, bad values as the table has them."""
    positions = (
        sorted(int(row[ROW]) for row in result.result.get("unexpected_index_list") or ()) if result.result else []
    )
    result.result.pop("partial_unexpected_list", None)
    result.result["unexpected_index_list"] = positions
    return parse_row_result(
        parse_result(result, spec.columns), positions, result.expectation_config.kwargs, spec.columns, frame
    )


def arrow(frame: pd.DataFrame) -> Any:
    """The frame with the position of each row, as Spark takes it: NaN is null, as it is to pandas."""
    import pyarrow as pa

    table = pa.Table.from_pandas(frame, preserve_index=False)
    texts = [pa.string() if pa.types.is_large_string(field.type) else field.type for field in table.schema]
    columns = [column.cast(kind).combine_chunks() for column, kind in zip(table.columns, texts)]
    return pa.table([pa.array(range(len(frame)), pa.int64()), *columns], names=[ROW, *table.column_names])
