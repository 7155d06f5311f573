"""What `target()` may return, and what is said of anything else."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gatehouse.core.rows.labels import check_labels
from gatehouse.errors import ModelError

NAN = float("nan")
CLASSES = [
    [0, 1, 1],
    [0.0, 1.0, NAN],
    [True, False, None],
    np.array([0, 1], dtype="uint8"),
    np.array([True, False]),
    pd.Series([0, 1, None], dtype="Int64"),
    pd.Series([True, None], dtype="boolean"),
    pd.Series([0.0, 1.0], dtype="float32"),
    pd.Series([0, 1, 0], dtype="category"),
    pd.Series([0, 1, None], dtype="category"),
    pd.Series([Decimal(0), Decimal("1.0"), None]),
    pd.Series([0, True, pd.NA, np.float32(1), np.bool_(False)], dtype="object"),
    pd.Series([1, None], dtype=pd.ArrowDtype(pa.int8())),
    pd.Series([Decimal(1), None], dtype=pd.ArrowDtype(pa.decimal128(5, 2))),
    pd.Series([True, None], dtype=pd.ArrowDtype(pa.bool_())),
    pd.Series([None, None]),
    pd.Series([], dtype="float64"),
]


FRUITS = ("apple", "7", "quince")


@pytest.mark.parametrize(
    "values",
    [
        ["quince", "7", None, "apple"],
        pd.Series(["quince", "7", None, "apple"], dtype="str"),
        pd.Series(["quince", "7", None, "apple"], dtype="category"),
        pd.Series(["quince", 7, NAN, "apple"], dtype="object"),
        pd.Series(["quince", 7.0, pd.NA, "apple"], dtype="object"),
    ],
)
def test_more_classes_become_their_places(values: Any) -> None:
    """Texts and whole numbers of any type are classes by their names; a missing one stays missing."""
    np.testing.assert_array_equal(check_labels(values, "multiclass", classes=FRUITS), [2, 1, NAN, 0])


def test_a_label_that_is_no_class_is_named_with_the_way_to_add_it() -> None:
    """What is found, how often, and where a new class is written down."""
    with pytest.raises(ModelError, match=r"'pear' \(2 rows\), '' \(1 row\).*at the end of `classes` in retrain.yaml"):
        check_labels(["pear", "apple", "pear", ""], "multiclass", "model.py", FRUITS)


@pytest.mark.parametrize(
    "values", CLASSES, ids=lambda values: f"{type(values).__name__} {getattr(values, 'dtype', '')}"
)
def test_zero_and_one_of_any_type_are_labels(values: Any) -> None:
    """Numbers, booleans, decimals, categories of them and any missing value become float64 with NaN."""
    expected = [NAN if pd.isna(value) else float(value) for value in values]
    found = check_labels(values, "classification")
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([-1, 1, 1], "1 (2 rows), -1 (1 row)"),
        (["no", "yes", None, "no"], "'no' (2 rows), 'yes' (1 row)"),
        (["0", "1"], "'0' (1 row), '1' (1 row)"),
        (pd.Series(["no", "yes"], dtype="category"), "'no' (1 row), 'yes' (1 row)"),
        (pd.Series(["no", None], dtype="string"), "'no' (1 row)"),
        ([0, 1, 2], "0 (1 row), 1 (1 row), 2 (1 row)"),
        ([0.0, 0.5], "0 (1 row), 0.5 (1 row)"),
        ([0.0, np.inf], "0 (1 row), inf (1 row)"),
        ([Decimal(2), Decimal(0)], "Decimal('2') (1 row), Decimal('0') (1 row)"),
        (pd.Series([-1, None], dtype="Int64"), "-1 (1 row)"),
        (pd.to_datetime(["2024-01-01"]), "Timestamp('2024-01-01 00:00:00') (1 row)"),
        ([0, 1j], "0j (1 row), 1j (1 row)"),
        (range(9), "0 (1 row), 1 (1 row), 2 (1 row), 3 (1 row), 4 (1 row) and 4 more values"),
        (pd.DataFrame({"label": [0, 1]}), "a DataFrame of shape (2, 1)"),
        (None, "a NoneType of shape ()"),
    ],
)
def test_other_labels_are_named_with_their_counts(values: Any, found: str) -> None:
    """The error says which labels were found, how often, which are allowed, where to change it and who does."""
    with pytest.raises(
        ModelError, match=r"target\(\) returned labels that a classification cannot learn from"
    ) as raised:
        check_labels(values, "classification", "model.py:7")
    assert raised.value.found == found
    assert raised.value.allowed
    assert (raised.value.where, raised.value.owner) == ("model.py:7", "data scientist")


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([1.5, -np.inf, np.inf, np.inf], "inf (2 rows), -inf (1 row)"),
        (["2.5", 1.0], "'2.5' (1 row)"),
        (pd.to_timedelta([1], unit="s"), "Timedelta('0 days 00:00:01') (1 row)"),
    ],
)
def test_a_regression_takes_finite_numbers_only(values: Any, found: str) -> None:
    """Infinite numbers, text and durations are refused, and only they are listed."""
    with pytest.raises(ModelError, match="allowed: finite numbers") as raised:
        check_labels(values, "regression")
    assert raised.value.found == found


@given(st.lists(st.one_of(st.none(), st.floats(allow_infinity=False), st.integers(-(2**53), 2**53))))
def test_numbers_of_a_regression_are_kept(values: list[float | None]) -> None:
    """Every finite number is its own label, and every missing value is NaN, in the order of the rows."""
    expected = [NAN if value is None else float(value) for value in values]
    np.testing.assert_array_equal(check_labels(pd.Series(values, dtype="object"), "regression"), expected)


def test_two_classes_named_by_texts_are_told_how_they_are_declared():
    """The message has the very key, by which the labels then pass, missing ones included; other labels get no such advice."""
    texts = pd.Series(["no", "yes", None, "no"])
    with pytest.raises(ModelError) as refused:
        check_labels(texts, "classification")
    advice = refused.value.allowed.partition("write `")[2].partition("`")[0]
    assert advice == "classes: ['no', 'yes']"
    named = yaml.safe_load(advice)["classes"]
    np.testing.assert_array_equal(check_labels(texts, "classification", classes=named), [0, 1, NAN, 0])
    with pytest.raises(ModelError, match=r"'maybe' \(1 row\); allowed: no, yes; to be"):
        check_labels(["maybe", "no"], "classification", classes=named)
    for other in (["a", "b", "c"], ["a", 1], [["no"], ["yes"]]):
        with pytest.raises(ModelError) as refused:
            check_labels(pd.Series(other), "classification")
        assert "classes:" not in refused.value.allowed
