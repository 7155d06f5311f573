"""How many batches are held out, and the margins of the gate: what so many rows can tell apart."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

BLOCKS = 10  # days, or batches where rows have no time: fewer are not resampled
_FEW_DAYS = 3 * BLOCKS  # of a history: fewer are not held out ten at a time
_SURE = 1.96
_PAIRED = 0.25  # how far two models differ on one row, as a share of the spread of the loss


@dataclass(frozen=True)
class Limits:
    """Numbers for `retrain.yaml` and `gate.yaml`. Blocks are days unless `resample_by` says otherwise."""

    metric: str
    holdout: int
    first_training: int
    held_rows: int
    min_rows: int
    min_blocks: int
    margin: float
    gap: float
    cooldown: int = 1
    resample_by: str | None = None


def limits(
    task: str, batches: pd.Series[str], days: pd.Series[int], labels: pd.Series[float], hourly: bool = False
) -> Limits:
    """The numbers for batches of these rows. `days` is the day of each row, or its batch where rows have no time.

    Batches of an hour are held out by whole days, as long as there are enough days; otherwise each hour is a block.
    """
    count, rows = batches.nunique(), int(batches.value_counts().median())
    blocks = max(int(days.groupby(batches.to_numpy()).nunique().median()), 1)
    most = max((count - 2) // 3, 1)
    a_day = math.ceil(count / days.nunique()) if hourly else 1
    by_hour = hourly and days.nunique() < _FEW_DAYS
    of_a_block = 1 if by_hour else a_day
    holdout = min(math.ceil(BLOCKS / blocks) * of_a_block, most)
    first = min(max(3, holdout + 2, math.ceil(300 / rows) + holdout), max(count // 2, holdout + 1))
    held = holdout * rows
    spread = (float(labels.std()) or 1.0) if task == "regression" else 0.5
    margin = _rounded(max(_SURE * _PAIRED * spread / math.sqrt(held), 0.005 * spread))
    min_rows = max(_round_down(held // 2), 10)
    gap = _rounded(max(3 * spread / math.sqrt(held), 0.1 * spread))
    metric = "mae" if task == "regression" else "log_loss"
    least = max(min(BLOCKS, blocks * holdout // of_a_block), 5)
    block = "1 hour" if by_hour else None
    return Limits(metric, holdout, first, held, min_rows, least, margin, gap, a_day, block)


def _rounded(value: float) -> float:
    return float(f"{value:.2g}")


def _round_down(value: int) -> int:
    unit = 10 ** max(len(str(value)) - 2, 0)
    return int(value // unit * unit)
