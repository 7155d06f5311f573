"""Data faults that only show in how columns go together: what the season hides, and what looks alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pytest

from gatehouse.core.data_faults.detect import detect_faults
from gatehouse.core.data_faults.persisting import going_on
from gatehouse.core.data_faults.relations.normal_scores import MIN_BATCHES, NormalScores, rows_of
from gatehouse.core.profiling import Profile, profile_of
from gatehouse.core.profiling.batch_profile import on_grid
from gatehouse.core.profiling.row_sample import RowSample, sample_of

Change = Callable[[pd.DataFrame], pd.DataFrame]
SEEDS = range(4)


def week(level: float, random: np.random.Generator, rows: int = 900) -> pd.DataFrame:
    """Hourly readings of a week. `level` moves heat, glow and damp farther than they vary within a week; `left` and `right` look
    alike, and `near` goes with the one, `far` with the other."""
    hour = np.arange(rows) % 24
    heat = np.exp(2.5 + 0.5 * level + 0.3 * np.sin((hour - 9) / 24 * 2 * np.pi) + 0.15 * random.normal(size=rows))
    left, right = random.normal(size=(2, rows))
    return pd.DataFrame(
        {
            "hour": hour,
            "heat": heat,
            "glow": heat**2 * np.exp(0.05 * random.normal(size=rows)),
            "damp": 400 / heat * np.exp(0.05 * random.normal(size=rows)),
            "left": left,
            "right": right,
            "near": left + 0.5 * random.normal(size=rows),
            "far": 9 + 3 * right + 1.5 * random.normal(size=rows),
        }
    )


class Told:
    """Weeks of different seasons, and then two changed ones: what is said of each."""

    def __init__(self, change: Change, seed: int, before: int = 6) -> None:
        random = np.random.default_rng(seed)
        self.earlier: list[Profile] = []
        self.samples: list[RowSample] = []
        self.kinds: list[list[str]] = []
        self.sentences: list[str] = []
        for number in range(before):
            self._look(week(np.sin(2.4 * number), random), accepted=True)
        self.changed = [change(week(np.sin(2.4 * number), random)) for number in range(before, before + 2)]
        for rows in self.changed:
            self._look(rows, accepted=False)

    def _look(self, rows: pd.DataFrame, accepted: bool) -> None:
        made = on_grid(rows, self.earlier[-1] if self.earlier else None)
        found = detect_faults("rows", self.earlier, made, own(rows), rows=self.beside(rows))
        self.kinds.append([each.kind for each in found])
        self.sentences += [each.sentence for each in found]
        if accepted:
            self.earlier.append(made)
            self.samples.append(sample_of(rows))

    def beside(self, rows: pd.DataFrame) -> NormalScores | None:
        """Some rows beside those of the accepted weeks."""
        return rows_of(self.samples, sample_of(rows))


def own(rows: pd.DataFrame) -> Callable[[Sequence[str]], Profile]:
    return lambda columns: profile_of(rows[list(columns)])


def swapped(one: str, other: str) -> Change:
    return lambda rows: rows.rename(columns={one: other, other: one})[list(rows)]


FAULTY: dict[str, tuple[Change, str, str]] = {
    "unit": (
        lambda rows: rows.assign(damp=rows["damp"] * 1.609344),
        "unit changed",
        "'damp' looks like 1.60934 times what it held",
    ),
    "temperature": (
        lambda rows: rows.assign(heat=rows["heat"] * 1.8 + 32),
        "unit changed",
        "'heat' looks as if it went from Celsius to Fahrenheit",
    ),
    "lookalikes": (swapped("left", "right"), "columns swapped", "'left' holds what 'right' held"),
    "clock": (
        lambda rows: rows.assign(hour=(rows["hour"] + 5) % 24),
        "time zone shifted",
        "'hour' looks +5 hours off",
    ),
}
WORLD: dict[str, Change] = {
    "nothing": lambda rows: rows,
    "one hour, as in summer": lambda rows: rows.assign(hour=(rows["hour"] + 1) % 24),
    "a warmer place": lambda rows: rows.assign(heat=rows["heat"] + 25),
    "a growth by no known factor": lambda rows: rows.assign(damp=rows["damp"] * 1.42),
    "columns that no longer go together": lambda rows: rows.assign(near=rows["near"].to_numpy()[::-1]),
    "a column turned into its opposite": lambda rows: rows.assign(left=-rows["left"]),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", FAULTY)
def test_a_fault_below_the_seasons_is_named(name: str, seed: int) -> None:
    """The week lies within what earlier weeks varied, column by column, and is named as what it is."""
    change, kind, words = FAULTY[name]
    told = Told(change, seed)
    assert told.kinds[:-1] == [[]] * 6 + [[kind]]
    assert words in told.sentences[0]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", WORLD)
def test_what_a_world_does_is_no_fault(name: str, seed: int) -> None:
    """Other relations are the watch's business, unless a mapping, a unit or a time zone explains them."""
    assert Told(WORLD[name], seed).kinds == [[]] * 8


@pytest.mark.parametrize("name", FAULTY)
def test_without_rows_or_earlier_batches_nothing_is_guessed(name: str) -> None:
    """How much relations vary is known from some batches only, and those of before samples were kept have none."""
    change, _, _ = FAULTY[name]
    told = Told(change, 0, before=MIN_BATCHES - 1)
    assert told.kinds == [[]] * (MIN_BATCHES + 1)


@pytest.mark.parametrize("name", FAULTY)
def test_a_fault_that_waits_goes_on(name: str) -> None:
    """The next batch with the same fault is the same fault; a sound one is none, and neither is one that nobody named."""
    change, _, _ = FAULTY[name]
    told = Told(change, 1)
    first, second = told.changed
    sound = week(0.3, np.random.default_rng(9))
    waiting = on_grid(first, None)

    def kinds(rows: pd.DataFrame, reason: str) -> set[str]:
        beside = told.beside(first), told.beside(rows)
        made = on_grid(rows, told.earlier[-1])
        return {each.kind for each in going_on("rows", told.earlier, waiting, own(rows), made, reason, beside)}

    assert kinds(second, told.sentences[0]) == {"fault goes on"}
    assert kinds(sound, told.sentences[0]) == set()
    assert kinds(second, "the number of rows") == set()


STRANGE: dict[str, Callable[[int], pd.DataFrame]] = {
    "clocks alone": lambda rows: pd.DataFrame({"hour": np.arange(rows) % 24, "due.hour": np.arange(rows) % 24}),
    "infinite values": lambda rows: pd.DataFrame(
        {"x": [np.inf, -np.inf, 1.0, 2.0] * (rows // 4), "y": np.arange(rows)}
    ),
    "mostly nulls": lambda rows: pd.DataFrame({"x": [np.nan] * (rows - 2) + [1.0, 2.0], "y": np.arange(rows)}),
    "constants": lambda rows: pd.DataFrame({"x": np.ones(rows), "y": np.arange(rows), "z": np.zeros(rows)}),
    "the largest numbers": lambda rows: pd.DataFrame(
        {"x": np.linspace(1e300, 1e308, rows), "y": np.arange(rows) + 1e-300}
    ),
    "copies": lambda rows: pd.DataFrame({name: np.arange(rows) for name in "abcdefgh"}),
    "too few rows": lambda rows: pd.DataFrame({"x": np.arange(9), "y": np.arange(9)}),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", STRANGE)
def test_strange_columns_are_no_fault_and_no_error(name: str) -> None:
    """Whatever a table holds, nothing is divided by nothing, and what never changed is no fault."""
    told = [sample_of(STRANGE[name](800)) for _ in range(MIN_BATCHES + 1)]
    rows = rows_of(told[:-1], told[-1])
    known = [profile_of(STRANGE[name](800)) for _ in range(MIN_BATCHES)]
    assert detect_faults("rows", known, known[-1], own(STRANGE[name](800)), rows=rows) == []
