"""The units that a reference is calibrated on: its batches, cut into consecutive pieces where they are few."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from gatehouse.core.drift.calibration import DriftCalibration, calibrate
from gatehouse.core.profiling import Profile, profile_of
from gatehouse.pipeline.batch_data.row_keys import BATCH, TIME

if TYPE_CHECKING:
    import pandas as pd

UNITS = 8  # at least so many units to calibrate on: batches, or pieces of batches
MOST_UNITS = 60
UNIT_ROWS = 50  # a piece of a batch has at least so many rows


def units(frame: pd.DataFrame) -> tuple[list[pd.DataFrame], bool]:
    """The newest batches of a frame, each cut into consecutive pieces when there are few; whether they were cut."""
    batches = [part.sort_values(TIME, kind="stable") for _, part in frame.groupby(BATCH, sort=False)][-MOST_UNITS:]
    wanted = -(-UNITS // len(batches)) if batches else 1
    found = []
    for part in batches:
        pieces = max(min(wanted, len(part) // UNIT_ROWS), 1)
        found += [part.iloc[rows] for rows in np.array_split(np.arange(len(part)), pieces)]
    return found, wanted > 1


def calibrate_reference(
    whole: Profile, frame: pd.DataFrame, columns: Callable[[pd.DataFrame], pd.DataFrame]
) -> tuple[dict[str, DriftCalibration], dict[str, Profile]]:
    """How far the units of a frame lie from its profile; and their profiles by batch, where batches are the units."""
    parts, cut = units(frame)
    profiles = [profile_of(columns(part), like=whole) for part in parts]
    batches = {} if cut else {str(part[BATCH].iloc[0]): each for part, each in zip(parts, profiles, strict=True)}
    return calibrate(whole, profiles, cut), batches
