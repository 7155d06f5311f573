"""Seeded synthetic streams with a known change, as frames and as use-case folders on Parquet files.

Rows of one day share a part of `temp` (weather), as real rows do. The label depends on `speed`, `load` (also through
their product), `age`, `city` and `clock`, and never on `clutter`. Changes begin with batch number `changed`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gatehouse.core.contract.batch_calendar import batch_interval, batch_key, keys_between

KINDS = (
    "nothing", "seasonal", "abrupt", "gradual", "variance", "category", "missing", "label", "prior", "recurring",
    "correlation", "harmless", "rotated", "swapped", "unit", "timezone", "constant",
)  # fmt: skip
FAULTS = ("rotated", "swapped", "unit", "timezone", "constant")
CITIES = ("ash", "birch", "cedar", "elm", "oak")
FIRST = "2020-01"
INPUTS = ["city", "speed", "load", "age", "clock", "temp", "clutter"]


@dataclass(frozen=True)
class Made:
    """One batch: its key, the delivered rows, and their outcomes (`id`, `label`)."""

    key: str
    rows: pd.DataFrame
    outcomes: pd.DataFrame


@dataclass(frozen=True)
class Stream:
    """A stream of monthly batches; `changed` is the number of the first changed batch (None on a quiet one)."""

    kind: str
    batches: tuple[Made, ...]
    changed: int | None

    def folder(self, path: Path, retrain: str = "") -> Path:
        """Write a use-case folder named `stream` below `path`; `retrain` replaces `retrain.yaml`'s text."""
        made = path / "stream"
        (made / "data").mkdir(parents=True)
        for batch in self.batches:
            batch.rows.to_parquet(made / "data" / f"rows_{batch.key}.parquet")
            batch.outcomes.to_parquet(made / "data" / f"outcomes_{batch.key}.parquet")
        last = self.batches[-1].key
        files = {
            "contract.yaml": _CONTRACT.replace("LAST", last),
            "model.py": _MODEL,
            "retrain.yaml": retrain or _RETRAIN,
            "gate.yaml": _GATE,
            "RUNBOOK.md": "Call the data scientist.\n",
        }
        for name, text in files.items():
            (made / name).write_text(text, encoding="utf-8")
        return made


def stream(kind: str, seed: int = 0, batches: int = 12, rows: int = 2000, changed: int | None = None) -> Stream:
    """The stream of that kind; the change begins in the middle unless `changed` says otherwise."""
    if kind not in KINDS:
        raise ValueError(f"unknown kind of stream {kind!r}; allowed: {', '.join(KINDS)}")
    start = batches // 2 if changed is None else changed
    random = np.random.default_rng([seed, KINDS.index(kind)])
    moment = batch_interval("month", FIRST).start
    last = moment.replace(year=moment.year + (batches - 1) // 12, month=(batches - 1) % 12 + 1)
    keys = keys_between("month", FIRST, batch_key("month", last))
    made = tuple(_batch(kind, key, number, start, batches, rows, random) for number, key in enumerate(keys))
    return Stream(kind, made, None if kind in ("nothing", "seasonal") else start)


def _batch(kind: str, key: str, number: int, start: int, batches: int, rows: int, random: np.random.Generator) -> Made:
    on = kind if number >= start or kind == "seasonal" else "nothing"
    interval = batch_interval("month", key)
    made = 4 * rows if on == "prior" else rows  # of which as many of each class are taken as are wanted
    hours = np.sort(random.uniform(0, interval.hours, made))
    at = pd.Series(pd.to_datetime(interval.start) + pd.to_timedelta((hours * 3600).astype(int), unit="s"))
    frame = _inputs(on, number, start, batches, at, random)
    label = (random.uniform(size=made) < _chance(on, number, start, frame)).astype("float64")
    frame = frame.assign(at=at, label=label)
    if on == "prior":
        positive, many = label == 1, int(0.7 * rows)
        drawn = [*np.flatnonzero(positive)[:many], *np.flatnonzero(~positive)[: rows - many]]
        frame = frame.iloc[np.sort(drawn)].reset_index(drop=True)
    frame.insert(0, "id", [f"{key}-{position}" for position in range(len(frame))])
    return Made(key, _faulty(on, frame)[["id", "at", *INPUTS]], frame[["id", "label"]])


def _inputs(
    on: str, number: int, start: int, batches: int, at: pd.Series[Any], random: np.random.Generator
) -> pd.DataFrame:
    rows = len(at)
    rho = -0.7 if on == "correlation" else 0.7
    speed, other = random.normal(size=rows), random.normal(size=rows)
    load = rho * speed + np.sqrt(1 - rho**2) * other
    day = at.dt.day_of_year.to_numpy()
    weather = dict(zip(np.unique(day), random.normal(0, 0.6, len(np.unique(day))), strict=True))
    season = 10 * np.sin(2 * np.pi * number / 12) if on == "seasonal" else 0.0
    temp = 10 + season + 4 * (random.normal(size=rows) + np.array([weather[each] for each in day]))
    city = random.choice(CITIES, rows, p=[0.35, 0.25, 0.2, 0.15, 0.05])
    if on == "category":
        city = np.where(random.uniform(size=rows) < 0.3, "oak", city)
    if on == "abrupt":
        speed = speed + 0.8
    if on == "gradual":
        speed = speed + 1.2 * (number - start + 1) / max(batches - start, 1)
    if on == "variance":
        speed = speed * 1.8
    frame = pd.DataFrame(
        {
            "city": city,
            "speed": 60 + 15 * speed,
            "load": 5 + 2 * load,
            "age": random.gamma(2.0, 4.0, rows),
            "clock": np.floor(np.clip(random.normal(10.0, 3.5, rows), 0, 23.99)),
            "temp": temp,
            "clutter": 100 + 20 * random.normal(size=rows) + (16 if on == "harmless" else 0),
        }
    )
    if on == "missing":
        frame.loc[random.uniform(size=rows) < 0.25, "speed"] = np.nan
    return frame


def _chance(on: str, number: int, start: int, frame: pd.DataFrame) -> np.ndarray[Any, Any]:
    """The chance of label 1. A changed concept turns age and city round and leaves the inputs as they are."""
    other = on == "label" or (on == "recurring" and (number - start) // 3 % 2 == 0)
    sign = -1.0 if other else 1.0
    speed, load = (frame["speed"].fillna(60) - 60) / 15, (frame["load"] - 5) / 2
    city = frame["city"].map(dict(zip(CITIES, (-0.8, -0.3, 0.0, 0.5, 1.2), strict=True)))
    score = -0.8 + 0.9 * speed + 0.7 * speed * load + sign * (0.12 * (frame["age"] - 8) + city)
    score += 0.5 * np.sin((frame["clock"] - 6) / 24 * 2 * np.pi)
    chance: np.ndarray[Any, Any] = (1 / (1 + np.exp(-score))).to_numpy()
    return chance


def _faulty(on: str, frame: pd.DataFrame) -> pd.DataFrame:
    """What a broken delivery does to right rows: the labels do not know of it."""
    if on == "rotated":
        return frame.assign(speed=frame["load"], load=frame["age"], age=frame["speed"])
    if on == "swapped":
        return frame.assign(speed=frame["temp"], temp=frame["speed"])
    if on == "unit":
        return frame.assign(speed=frame["speed"] * 1.609344)
    if on == "timezone":
        return frame.assign(clock=(frame["clock"] + 5) % 24)
    return frame.assign(age=7.0) if on == "constant" else frame


_CONTRACT = """\
use_case: stream
title: A synthetic stream
owner: tests
source: {kind: files, address: data}
frequency: month
first_batch: 2020-01
last_batch: LAST
tables:
  rows:
    key: [id]
    time_column: at
    columns:
      {id: string, at: timestamp, city: string, speed: number, load: number, age: number, clock: number, temp: number,
       clutter: number}
outcomes:
  key: [id]
  columns: {id: string, label: number}
  label: label
  delay: 1 month
"""
_RETRAIN = """\
task: classification
min_batches_first_training: 4
selection_metric: log_loss
triggers:
  drift: {distance: js, effect_size_limit: 0.1, trigger_retraining: false}
  decay: {metric: log_loss, margin: 0.02}
  calibration: {gap: 0.05}
cooldown_batches: 1
"""
_GATE = """\
metric: log_loss
no_champion: promote
review: {approvers: [admin], timeout: 3 days, on_timeout: reject}
rules:
  - rule: not_worse_than_champion
    description: Not worse than the model in production by more than .01 of log loss.
    metric: log_loss
    margin: 0.01
"""
_MODEL = '''\
"""Features as delivered; one candidate that can learn a product."""

from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

SLICES = ("city",)
NUMBERS = ["speed", "load", "age", "clock", "temp", "clutter"]


def features(tables):
    """The inputs of each row."""
    return tables["rows"][["city", *NUMBERS]]


def target(outcomes):
    """The label."""
    return outcomes["label"]


def estimators(seed):
    """One boosted model."""
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    inputs = ColumnTransformer([("city", codes, ["city"]), ("number", "passthrough", NUMBERS)])
    trees = HistGradientBoostingClassifier(
        max_iter=60, learning_rate=0.1, max_leaf_nodes=8, min_samples_leaf=50, early_stopping=False, random_state=seed
    )
    return {"boosting": make_pipeline(inputs, trees)}
'''
