"""Columns that are compared with earlier batches of their season instead of the champion's training rows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gatehouse.core.config.triggers import DriftReason
from gatehouse.core.contract.batch_calendar import batch_interval, keys_between
from gatehouse.core.drift import judge
from gatehouse.core.drift.alarms import AlarmState
from gatehouse.core.drift.calibration import calibrate
from gatehouse.core.drift.reference import Reference
from gatehouse.core.profiling import profile_of
from gatehouse.core.profiling.batch_profile import BatchProfile, on_grid
from gatehouse.core.types import Batch, BatchId, BatchState
from gatehouse.pipeline.batch_data import batch_profiles
from gatehouse.pipeline.monitor import input_drift
from support.fakes import FakeLake


class Site:
    """The lake and the batches of three years whose one column follows the season."""

    name = "stream"

    def __init__(self) -> None:
        self.lake, self.ledger, self.batches, self.kept = FakeLake(), self, self, []
        first = None
        for key in keys_between("month", "2020-01", "2023-01"):
            profile = on_grid(month(key), first)
            first = first or profile
            stored = batch_profiles.store_profile(self, BatchProfile({}, profile))  # type: ignore[arg-type]
            id = BatchId("stream", key, 1)
            self.kept.append(Batch(id, batch_interval("month", key), BatchState.ACCEPTED, key, {}, profile=stored))

    def list(self, use_case: str) -> list[Batch]:
        return self.kept


def month(key: str) -> pd.DataFrame:
    """A summer is thirty warmer than a winter; a year a little warmer or colder than another."""
    random = np.random.default_rng(int(key.replace("-", "")))
    season = -15 * np.cos((int(key[5:]) - 1) / 12 * 2 * np.pi)
    return pd.DataFrame({"temp": season + random.normal(0, 1) + random.normal(0, 4, 600)})


def judged(reference: str | None) -> dict[str, AlarmState]:
    """July 2022 against a champion of the winter before, and as `references` has it."""
    ctx = Site()
    winter = pd.concat([month(key) for key in ("2021-12", "2022-01", "2022-02")])
    whole = profile_of(winter)
    units = [profile_of(winter.iloc[rows], like=whole) for rows in np.array_split(np.arange(len(winter)), 9)]
    known = Reference(whole, profile_of({}), {}, {}, 0, calibration=calibrate(whole, units, pieces=True))
    groups = ({"columns": ("temp",), "reference": reference},) if reference else ()
    policy = DriftReason.model_validate({"references": groups})
    batch = next(each for each in ctx.kept if each.id.key == "2022-07")
    compared = input_drift.aligned_profiles(ctx, batch, known, month("2022-07"), policy)  # type: ignore[arg-type]
    found = {each.column: each for each in judge(*compared[:2], policy, compared[2])}
    if reference is None:
        assert input_drift.seasonal_columns(ctx, batch, list(found.values()), policy) == {"temp"}  # type: ignore[arg-type]
    return {name: each.state for name, each in found.items()}


def test_a_summer_is_a_change_to_a_winters_champion_and_known_as_the_season() -> None:
    """Without a group the change is found, and last year's July tells that it is the season."""
    assert judged(None) == {"temp": AlarmState.ALARM}


def test_the_same_season_of_earlier_years_and_a_wide_window_know_summers() -> None:
    """Against the summers before July is quiet. All the months before differ so much that no month could be a change."""
    assert judged("same season") == {"temp": AlarmState.QUIET}
    assert judged("recent") == {"temp": AlarmState.UNJUDGED}
