"""A change of unit is told from a column that grew: by its factor, and by coming at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from gatehouse.core.data_faults.unit_change import unit_change
from gatehouse.core.profiling import NumericProfile

ROWS = 2000
Shape = Callable[[np.random.Generator], NDArray[np.float64]]
SHAPES: dict[str, Shape] = {
    "amounts": lambda random: random.lognormal(8.5, 0.6, ROWS),
    "distances": lambda random: random.gamma(4, 20, ROWS),
    "either sign": lambda random: random.normal(0, 3, ROWS),
    "whole numbers": lambda random: np.floor(random.gamma(3, 12, ROWS)),
    "mostly nothing": lambda random: np.where(random.uniform(size=ROWS) < 0.3, 0, random.gamma(5, 50, ROWS)),
}
FACTORS = {
    "miles to kilometres": 1.609344,
    "kilograms to pounds": 1 / 0.45359237,
    "feet to metres": 0.3048,
    "inches to centimetres": 2.54,
    "euros to cents": 100.0,
    "hours to minutes": 60.0,
    "thousands": 1e-3,
}
LARGE = [name for name, factor in FACTORS.items() if abs(np.log(factor)) > np.log(5)]
WORLD = (0.5, 0.67, 1.5, 1.73, 2.0, 3.0, 4.0, 4.5)


def seen(shape: str, seed: int, batches: int, scale: Callable[[int], float]) -> list[NumericProfile]:
    """The profiles of batches, each multiplied by what its number says."""
    return [
        NumericProfile.of(SHAPES[shape](np.random.default_rng([seed, number])) * scale(number))
        for number in range(batches)
    ]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_known_factor_at_once_is_another_unit(shape: str, factor: str, seed: int) -> None:
    """Whatever the column holds, after six batches; a factor of five or more after one, a smaller one after three: one
    week's wind may be three times the week's before."""
    *earlier, batch = seen(shape, seed, 7, lambda number: FACTORS[factor] if number == 6 else 1.0)
    if shape == "either sign" and abs(np.log(FACTORS[factor])) < 0.9:
        pytest.skip("twice as wide about zero is still near what it was")
    for known in (earlier, earlier[-1:] if factor in LARGE else earlier[-3:]):
        said = unit_change(known, batch)
        assert said is not None
        assert f"{FACTORS[factor]:g} times" in said, said


@pytest.mark.parametrize("factor", [name for name in FACTORS if name not in LARGE])
def test_a_second_batch_of_three_times_as_much_is_no_unit(factor: str) -> None:
    """Before three batches nobody knows how much a column varies."""
    first, second = seen("amounts", 0, 2, lambda number: FACTORS[factor] if number == 1 else 1.0)
    assert unit_change([first], second) is None


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("factor", WORLD)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_column_that_grew_by_another_factor_is_no_unit(shape: str, factor: float, seed: int) -> None:
    """Doubled overnight with the same shape: an offer, a new market, a price reform. The watch tells of it."""
    *earlier, batch = seen(shape, seed, 7, lambda number: factor if number == 6 else 1.0)
    assert unit_change(earlier, batch) is None


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("step", [1.05, 1.15, 1.3, 1.6])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_column_that_keeps_growing_passes_every_factor_and_is_no_unit(shape: str, step: float, seed: int) -> None:
    """Growth comes in steps like those before, so none is far from all earlier batches by what they never did."""
    profiles = seen(shape, seed, 14, lambda number: step**number)
    assert [
        number for number in range(3, 14) if unit_change(profiles[max(number - 6, 0) : number], profiles[number])
    ] == []


@pytest.mark.parametrize("seed", range(3))
def test_a_column_that_varies_anyhow_needs_a_scale_that_can_be_measured(seed: int) -> None:
    """Seasons of half and double: a batch of 1.6 times the last one is the next of them."""
    random = np.random.default_rng(seed)
    swings = np.exp(random.normal(0, 0.25, 7))
    *earlier, batch = seen(
        "distances", seed, 7, lambda number: float(swings[number]) * (1.609344 if number == 6 else 1)
    )
    assert unit_change(earlier, batch) is None


@pytest.mark.parametrize("known", [1, 2, 5])
@pytest.mark.parametrize("rows", [50, 273, 300, 546, 2000])
@pytest.mark.parametrize("first", [0, 1, 10_000])
def test_running_numbers_change_no_unit(first: int, rows: int, known: int) -> None:
    """Numbers that count on from batch to batch lie far from every earlier one, and are no other scale of temperature."""
    starts = range(first, first + (known + 1) * rows, rows)
    *earlier, batch = (NumericProfile.of(np.arange(start, start + rows, dtype="float64")) for start in starts)
    assert unit_change(earlier, batch) is None
