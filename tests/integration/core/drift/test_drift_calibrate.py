"""Calibrated thresholds and the control of false alarms."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gatehouse.core.audit.canonical_json import canonical
from gatehouse.core.config.triggers import Distance, DriftReason
from gatehouse.core.drift import judge
from gatehouse.core.drift.alarms import AlarmState
from gatehouse.core.drift.calibration import DriftCalibration, calibrate
from gatehouse.core.profiling import Profile, profile_of
from gatehouse.core.statistics.multiple_testing import holm_adjust

COLUMNS, DAYS = 8, 30


def batch(random: np.random.Generator, rows: int, shared: float, moved: float = 0.0) -> dict[str, NDArray[np.float64]]:
    """A month of rows; those of one day share `shared` of each column's variance, as weather is."""
    day = random.integers(0, DAYS, rows)
    parts = {
        f"c{number}": np.sqrt(1 - shared) * random.normal(size=rows) + np.sqrt(shared) * random.normal(size=DAYS)[day]
        for number in range(COLUMNS)
    }
    return {**parts, "c0": parts["c0"] + moved}


def reference(
    seed: int, batches: int, shared: float, distance: Distance = "js"
) -> tuple[Profile, dict[str, DriftCalibration]]:
    """The profile of some quiet batches together, and how far each lies from it."""
    random = np.random.default_rng(seed)
    made = [batch(random, 1000, shared) for _ in range(batches)]
    whole = profile_of({name: np.concatenate([each[name] for each in made]) for name in made[0]})
    return whole, calibrate(whole, [profile_of(each, like=whole) for each in made], distances=[distance])


@pytest.mark.parametrize("distance", ["js", "psi", "ks", "wasserstein"])
@pytest.mark.parametrize("shared", [0.0, 0.2])
def test_quiet_batches_alarm_within_the_stated_level(distance: Distance, shared: float) -> None:
    """At most 5 of 100 quiet batches name any column, whether rows are independent or share their day. With rows that
    share their day a threshold for independent rows would name columns in most batches."""
    policy = DriftReason(distance=distance, false_alarms=0.05, min_rows=100)
    alarmed = 0
    for seed in range(20):
        whole, known = reference(seed, 8, shared, distance)
        random = np.random.default_rng([seed, 1])
        for _ in range(5):
            profile = profile_of(batch(random, 1000, shared), like=whole)
            alarmed += any(each.alarm for each in judge(whole, profile, policy, known))
    assert alarmed <= 9  # 100 batches at .05: more than 9 happens once in 30 times by chance alone


def test_small_batches_are_judged_where_their_noise_is_known() -> None:
    """From 50 rows on by default: at most 5 of 200 quiet batches of 100 rows name a column, and most shifts of a standard
    deviation are seen. Without a calibration 500 rows are asked for; `min_rows` holds for both."""
    alarmed = seen = 0
    for seed in range(20):
        random = np.random.default_rng(seed)
        made = [batch(random, 100, 0.0) for _ in range(30)]
        whole = profile_of({name: np.concatenate([each[name] for each in made]) for name in made[0]})
        known = calibrate(whole, [profile_of(each, like=whole) for each in made])
        quiet = [profile_of(batch(random, 100, 0.0), like=whole) for _ in range(10)]
        alarmed += sum(any(each.alarm for each in judge(whole, day, DriftReason(), known)) for day in quiet)
        moved = profile_of(batch(random, 100, 0.0, moved=1.0), like=whole)
        seen += judge(whole, moved, DriftReason(), known)[0].alarm
        assert judge(whole, moved, DriftReason())[0].state is AlarmState.TOO_FEW_ROWS
        assert judge(whole, moved, DriftReason(min_rows=101), known)[0].state is AlarmState.TOO_FEW_ROWS
        assert judge(whole, moved, DriftReason(min_rows=100))[0].state is not AlarmState.TOO_FEW_ROWS
    assert alarmed <= 5
    assert seen >= 18


@pytest.mark.parametrize("shared", [0.0, 0.2])
def test_a_real_shift_is_still_seen(shared: float) -> None:
    """A shift of a standard deviation is named, and only its column; its threshold says that it comes from batches."""
    whole, known = reference(0, 8, shared)
    moved = profile_of(batch(np.random.default_rng(9), 1000, shared, moved=1.0), like=whole)
    judged = {each.column: each for each in judge(whole, moved, DriftReason(min_rows=100), known)}
    assert [name for name, each in judged.items() if each.alarm] == ["c0"]
    assert judged["c0"].origin == "8 reference batches"
    assert judged["c0"].p_value is not None
    assert judged["c0"].p_value <= 0.01


def test_columns_that_vary_from_batch_to_batch_have_wider_limits() -> None:
    """The same distance is a change for a steady column and none for one whose days move together."""
    limits = []
    for shared in (0.0, 0.3):
        whole, known = reference(1, 8, shared)
        quiet = profile_of(batch(np.random.default_rng(5), 1000, shared), like=whole)
        limits.append(judge(whole, quiet, DriftReason(min_rows=100), known)[0].limit)
    assert limits[1] > 1.3 * limits[0]


def test_few_batches_fall_back_to_the_effect_size() -> None:
    """Four units calibrate nothing: the limit is that of retrain.yaml, and says so."""
    whole, known = reference(0, 4, 0.0)
    assert known == {}
    quiet = profile_of(batch(np.random.default_rng(5), 1000, 0.0), like=whole)
    judged = judge(whole, quiet, DriftReason(effect_size_limit=0.2, min_rows=100), known)
    assert {each.origin for each in judged} == {"policy"}
    assert {each.p_value for each in judged} == {None}


def test_the_limit_is_where_the_p_value_is_the_level() -> None:
    """Limit and p-value are two views of one threshold."""
    from dataclasses import replace

    from gatehouse.core.drift import measure_values

    whole, known = reference(2, 8, 0.1)
    profile = profile_of(batch(np.random.default_rng(5), 1000, 0.1), like=whole)
    measured = measure_values(whole.columns["c1"], profile.columns["c1"], "js")
    assert measured is not None
    limit = known["c1"].limit("values", measured, "js", 1000, 0.003)
    assert known["c1"].p_value("values", replace(measured, value=limit), "js", 1000) == pytest.approx(0.003)


def test_calibrations_survive_json() -> None:
    """A stored calibration is the one that was made."""
    _, known = reference(0, 6, 0.1)
    assert DriftCalibration.from_document(json.loads(canonical(known["c0"].to_document()))) == known["c0"]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_adjusted_p_values_are_those_of_holms_definition(p_values: Sequence[float]) -> None:
    """The largest of (m - i + 1) p_(i) so far, at most 1: written down once more, and in the order of the raw ones."""
    found = holm_adjust({str(number): p for number, p in enumerate(p_values)})
    steps = [(len(p_values) - rank) * p for rank, p in enumerate(sorted(p_values))]
    assert list(found.values()) == [min(max(steps[: rank + 1]), 1.0) for rank in range(len(steps))]
    assert [p_values[int(name)] for name in found] == sorted(p_values)
