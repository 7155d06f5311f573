"""Streams from the flights' features with nothing in them, or with one injected change, as Parquet files for every tool.

Quiet streams: `permuted` deals all rows of the year out at random; `days` draws whole days with replacement from the year,
so rows of a batch share their weather; `season` draws the days of each batch from its own month, the reference's from the
twelve months likewise: a second year like the first.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from gatehouse.core.contract.batch_calendar import batch_interval, keys_between
from gatehouse.settings import ROOT

ROWS, DAYS = 2000, 30
QUIET = ("permuted", "days", "season")
SHIFTS = ("mean", "variance", "category", "correlation", "missing")
DAY = "day"


def features() -> pd.DataFrame:
    """The use case's features of the year, with each row's day."""
    from gatehouse.use_case import load
    from usecases.flight_delays import source

    case, found = load(ROOT / "include" / "usecases" / "flight_delays"), []
    for key in keys_between("month", "2013-01", "2013-12"):
        tables = source.fetch(key, batch_interval("month", key))
        made = case.model.features(tables).reset_index(drop=True)
        found.append(made.assign(day=tables["flights"]["day"].reset_index(drop=True)))
    return pd.concat(found, ignore_index=True)


def quiet(kind: str, frame: pd.DataFrame, count: int, random: np.random.Generator) -> list[pd.DataFrame]:
    """So many quiet batches of `ROWS` rows, in order."""
    if kind == "permuted":
        return [frame.iloc[random.choice(len(frame), ROWS, replace=False)] for _ in range(count)]
    groups = frame.groupby(DAY).indices
    days = np.array(sorted(groups))
    months = pd.DatetimeIndex(days).month.to_numpy()
    found = []
    for number in range(count):
        pool = days if kind == "days" else days[months == number % 12 + 1]
        drawn = np.concatenate([groups[day] for day in random.choice(pool, DAYS)])
        found.append(frame.iloc[np.sort(random.choice(drawn, ROWS, replace=len(drawn) < ROWS))])
    return found


def shifted(kind: str, batch: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """The batch with one small change in one place."""
    if kind == "mean":
        return batch.assign(minute_of_day=batch["minute_of_day"] + 0.3 * batch["minute_of_day"].std())
    if kind == "variance":
        middle = batch["seats"].mean()
        return batch.assign(seats=middle + 1.3 * (batch["seats"] - middle))
    if kind == "category":
        return batch.assign(carrier=batch["carrier"].where(random.uniform(size=len(batch)) > 0.08, "VX"))
    if kind == "missing":
        return batch.assign(plane_age=batch["plane_age"].mask(random.uniform(size=len(batch)) < 0.05))
    return batch.assign(distance=batch["distance"].to_numpy()[random.permutation(len(batch))])


def write(folder: Path, reference: list[pd.DataFrame], batches: list[pd.DataFrame]) -> None:
    """`reference.parquet` and `batches.parquet`, each with the number of its batch as `chunk`."""
    for name, frames in (("reference", reference), ("batches", batches)):
        numbered = [frame.drop(columns=DAY).assign(chunk=number) for number, frame in enumerate(frames)]
        pd.concat(numbered, ignore_index=True).to_parquet(folder / f"{name}.parquet")
