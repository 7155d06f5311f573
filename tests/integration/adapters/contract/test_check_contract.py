from __future__ import annotations

import subprocess
import sys

import pytest

from gatehouse.adapters.contract import check_contract
from gatehouse.errors import ConfigurationError
from support.contracts import contract, expectation

BETWEEN = "expect_column_values_to_be_between"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (expectation("expect_column_values_to_be_betwen", column="speed"), f"did you mean {BETWEEN}"),
        (expectation("expect_column_to_exist", column="speed"), "`columns` declares names and types"),
        (expectation(BETWEEN, column="sped", max_value=1), "no such column is declared; found 'sped'; allowed: speed"),
        (expectation(BETWEEN, column="speed", maximum=1), "has no such argument; found maximum; allowed: column"),
        (expectation(BETWEEN, column="speed"), "lacks min_value or max_value"),
        (expectation(BETWEEN, max_value=1), "lacks column"),
        (expectation(BETWEEN, column="name", max_value=1), "cannot look at a column of this type; found name: string"),
        (expectation(BETWEEN, column="speed", max_value="1"), "compared with a column of type number; found '1'"),
        (expectation(BETWEEN, column="at", max_value="yesterday"), "not a moment of time; found 'yesterday'"),
        (expectation(BETWEEN, column="speed", max_value="$fast"), "no such parameter; found $fast; allowed: $"),
        (expectation(BETWEEN, column="speed", max_value=1, mostly=99), "mostly is the share of good rows; found 99"),
        (expectation("expect_column_values_to_be_in_set", column="open", value_set=["yes"]), "found 'yes'"),
        (expectation("expect_column_values_to_match_regex", column="name", regex="("), "not a regular expression"),
        (
            expectation("expect_column_values_to_be_increasing", column="speed"),
            "needs a row mask, so that bad rows can be quarantined; found expect_column_values_to_be_increasing",
        ),
        (
            expectation("expect_compound_columns_to_be_unique", column_list=["id"], ignore_row_if="neither"),
            "no such ignore_row_if; found neither; allowed: all_values_are_missing",
        ),
    ],
)  # fmt: skip
def test_each_mistake_is_one_clear_error(wrong, sentence) -> None:
    """A mistake in an expectation names its place, what was found, what is allowed and whose it is."""
    good = expectation(BETWEEN, column="speed", max_value=1)
    with pytest.raises(ConfigurationError) as caught:
        check_contract(contract(good, wrong), "rides/contract.yaml")
    assert str(caught.value).startswith("rides/contract.yaml: tables.rides.expectations[1]: ")
    assert sentence in str(caught.value)
    assert "data engineer" in str(caught.value)


def test_good_contracts_pass() -> None:
    """Parameters, moments and warnings without a mask are fine."""
    check_contract(
        contract(
            expectation(BETWEEN, column="at", min_value="$interval_start", max_value="$latest"),
            expectation(BETWEEN, column="at", min_value="2013-01-01"),
            expectation("expect_column_values_to_be_increasing", "warning", column="at"),
            expectation("expect_table_row_count_to_be_between", min_value="$few"),
            parameters={"latest": "interval_end + 6 hours", "few": "interval_hours * 2"},
        )
    )


def test_a_parameter_that_cannot_be_evaluated_is_named() -> None:
    """A parameter outside the grammar is refused before any data comes."""
    with pytest.raises(ConfigurationError, match=r"contract.yaml: parameters.latest: .*found \"__import__"):
        check_contract(contract(parameters={"latest": "__import__('os')"}))


def test_checking_does_not_import_great_expectations() -> None:
    """A contract is checked at load, so the check must not cost the seconds of importing Great Expectations."""
    code = "import sys, gatehouse.adapters.contract; sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
