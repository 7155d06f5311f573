"""Daily batches made of the synthetic streams' rows: dealt to days, with a change from some day on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from gatehouse.core.contract.batch_calendar import keys_between
from support.streams import Made, Stream, stream

ROWS = 300  # a day
RETRAIN = """\
task: classification
min_batches_first_training: TRAINING
selection_metric: log_loss
holdout: {batches: HELD_OUT}
triggers:
  drift: {distance: js, effect_size_limit: 0.1, min_rows: 100}
  decay: {metric: log_loss, margin: 0.02, min_rows: 100}
  calibration: {gap: 0.05, min_rows: 100}
"""
Edit = Callable[[int, pd.DataFrame], None]


class Daily(Stream):
    """A stream of daily batches from Monday, 6 January 2020, on."""

    def folder(self, path: Path, retrain: str = "") -> Path:
        """The use case's folder, with days for months."""
        made = super().folder(path, retrain)
        contract = made / "contract.yaml"
        text = contract.read_text(encoding="utf-8")
        for month, day in (
            ("frequency: month", "frequency: day"),
            ("first_batch: 2020-01", "first_batch: 2020-01-06"),
            ("1 month", "1 day"),
        ):
            assert month in text
            text = text.replace(month, day)
        contract.write_text(text, encoding="utf-8")
        return made


def retrain(training: int, held_out: int) -> str:
    """A `retrain.yaml` that trains on so many days and holds so many out."""
    return RETRAIN.replace("TRAINING", str(training)).replace("HELD_OUT", str(held_out))


def daily(days: int, changed: int, kind: str = "nothing", seed: int = 5, edit: Edit | None = None) -> Daily:
    """Days with the rows of a quiet stream, and from day `changed` on with those of `kind`; `edit(number, rows)` may change
    the rows of a day in place."""
    dealt = [*_dealt("nothing", seed, changed), *_dealt(kind, seed + 100, days - changed)]
    made = []
    for number, (key, rows) in enumerate(zip(keys_between("day", "2020-01-06", "2020-12-31"), dealt, strict=False)):
        rows["id"] = [f"{key}-{position}" for position in range(len(rows))]
        rows["at"] = pd.Timestamp(key) + pd.to_timedelta(np.linspace(0, 86_000, len(rows)).astype(int), unit="s")
        if edit is not None:
            edit(number, rows)
        made.append(Made(key, rows.drop(columns="label"), rows[["id", "label"]]))
    return Daily("daily", tuple(made), changed)


def _dealt(kind: str, seed: int, days: int) -> list[pd.DataFrame]:
    """The rows and labels of that many days of a kind of stream that is changed from its beginning."""
    made = stream(kind, seed, 4, ROWS * days // 4 + 1, changed=0).batches
    rows = pd.concat([each.rows.merge(each.outcomes, on="id") for each in made], ignore_index=True)
    mixed = rows.sample(ROWS * days, random_state=seed)
    return [mixed.iloc[ROWS * day : ROWS * (day + 1)].reset_index(drop=True) for day in range(days)]
