"""No column is blind: a calibrated limit that no batch could reach gives way to the effect size, or is said to be useless."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatehouse.core.config.triggers import DriftReason
from gatehouse.core.drift import ColumnDrift, judge
from gatehouse.core.drift.alarms import AlarmState
from gatehouse.core.drift.calibration import calibrate
from gatehouse.core.drift.column_distance import measure_values
from gatehouse.core.drift.domain_classifier import JointDrift
from gatehouse.core.drift.reach import farthest
from gatehouse.core.profiling import profile_of

DISTANCES = ["psi", "js", "ks", "wasserstein"]


def units(spread: float, count: int = 5, rows: int = 400, seed: int = 0) -> list[dict[str, Any]]:
    """Reference batches of one numeric and one text column, whose levels differ by so much."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        level = spread * random.normal()
        texts = random.choice(list("abc"), rows, p=[0.2, 0.3, 0.5])
        found.append({"x": random.normal(level, 1, rows), "kind": texts})
    return found


def judged(batches: list[dict[str, Any]], batch: dict[str, Any], distance: str = "js", columns: int = 1) -> ColumnDrift:
    """The numeric column of a batch against these reference batches."""
    whole = profile_of({name: np.concatenate([each[name] for each in batches]) for name in batches[0]})
    known = calibrate(whole, [profile_of(each, like=whole) for each in batches])
    policy = DriftReason.model_validate({"min_rows": 100, "distance": distance, "false_alarms": 0.001})
    return next(each for each in judge(whole, profile_of(batch, like=whole), policy, known) if each.column == "x")


@pytest.mark.parametrize("distance", DISTANCES)
def test_few_reference_batches_leave_no_column_blind(distance: str) -> None:
    """Five batches give limits beyond any distance; a column that moved by three standard deviations is still named."""
    moved = units(0.0, 1, seed=9)[0]
    moved["x"] = moved["x"] + 3
    found = judged(units(0.15), moved, distance)
    assert found.alarm
    assert found.limit is not None
    assert found.limit < 1 or distance in ("psi", "wasserstein")


def test_a_quiet_batch_of_few_reference_batches_is_quiet() -> None:
    """The effect size is never below twice what the reference's own batches lie apart."""
    for seed in range(20):
        found = judged(units(0.15, seed=seed), units(0.15, 1, seed=1000 + seed)[0])
        assert found.state is AlarmState.QUIET, found.sentence


def test_a_column_whose_batches_have_nothing_in_common_is_said_to_be_useless() -> None:
    """A column of which every batch holds other values, such as a month, can never be called changed: it says so."""
    apart = [{**each, "x": each["x"] + 100 * number} for number, each in enumerate(units(0.0))]
    found = judged(apart, {**units(0.0, 1)[0], "x": np.arange(400.0) + 900})
    assert found.state is AlarmState.UNJUDGED
    assert found.sentence.startswith("x: cannot be judged (its own reference batches lie up to ")


@given(st.lists(st.integers(0, 50), min_size=2, max_size=30).filter(any), st.sampled_from(DISTANCES), st.booleans())
def test_no_batch_lies_farther_than_the_farthest(values: list[int], distance: Any, numeric: bool) -> None:
    """Whatever a batch holds, its distance is at most `farthest`, and finite limits can be reached."""
    kind = float if numeric else str
    known = {"x": [kind(value % 7) for value in range(60)]}
    reference = profile_of(known)
    batch = profile_of({"x": [kind(value) for value in values]}, like=reference)
    measured = measure_values(reference.columns["x"], batch.columns["x"], distance)
    assert measured is not None
    assert measured.value <= farthest("values", reference.columns["x"], batch.columns["x"], distance) + 1e-9


def test_a_limit_of_the_policy_that_no_batch_can_reach_is_said_to_be_useless() -> None:
    """A Jensen-Shannon distance is never 2, and no AUC is above 1: neither is shown as a limit that was kept."""
    one = profile_of(units(0.0, 1)[0])
    found = judge(one, one, DriftReason(distance="js", effect_size_limit=2, min_rows=9))
    assert {(each.state, each.limit) for each in found} == {(AlarmState.UNJUDGED, None)}
    assert "limit of 2: policy" in found[0].sentence
    told = JointDrift(0.6, 1.2, 0.3, "5 reference units", ("a", "b"), 0.1, 0.2)
    assert "cannot be judged" in told.sentence
    assert "1.2" not in told.sentence
