"""Made-up data, the same for the same key. Put your own source here, or name another kind in contract.yaml."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gatehouse.core.contract.batch_calendar import Interval, batch_interval, keys_between

ROWS = 2000


def available() -> list[str]:
    """The keys of the batches that are complete."""
    return keys_between("month", "2024-01", "2024-08")


def fetch(key: str, interval: Interval) -> dict[str, pd.DataFrame]:
    """Each table of the batch."""
    return {"rows": _made(key, interval).drop(columns="label")}


def outcomes(key: str, interval: Interval) -> pd.DataFrame:
    """The labels, by the same key."""
    return _made(key, interval)[["id", "label"]]


def _made(key: str, interval: Interval) -> pd.DataFrame:
    random = np.random.default_rng(int(batch_interval("month", key).start.timestamp()))
    at = pd.Timestamp(interval.start) + pd.to_timedelta(np.sort(random.uniform(0, interval.hours, ROWS)), unit="h")
    amount, group = random.lognormal(3, 1, ROWS), random.choice(["a", "b", "c"], ROWS)
    chance = 1 / (1 + np.exp(2 - np.log(amount) / 2 - (group == "b")))
    label = (random.uniform(size=ROWS) < chance).astype("float64")
    ids = [f"{key}-{number:05}" for number in range(ROWS)]
    return pd.DataFrame({"id": ids, "at": at.floor("us"), "group": group, "amount": amount, "label": label})
