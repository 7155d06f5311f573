"""Streams of different kinds, as use-case folders: generators with a known change, and real rows that packages ship.

The settings are the template's for every stream: nothing is tuned to one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import stream_rows as drawn
from benchmarks.stream_rows import Draw
from gatehouse.core.contract.batch_calendar import BatchKind, batch_interval, batch_key

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


KINDS = (
    Kind("concepts", "four abrupt concepts, numeric inputs", "classification", "month", 28, 400,
         drawn.concepts(7, (0, 1, 2, 3), 400)),
    Kind("returning", "a concept that returns twice", "classification", "month", 30, 400,
         drawn.concepts(6, (0, 1, 0, 2, 0), 400)),
    Kind("inverted", "labels inverted, inputs untouched", "classification", "week", 36, 300, drawn.inverted),
    Kind("turning", "slow change under noise", "classification", "month", 28, 500, drawn.turning),
    Kind("growing", "level grows, with a season", "regression", "month", 30, 500, drawn.growing, margin=5.0),
    Kind("moved", "inputs move, the concept stays", "classification", "month", 24, 500, drawn.moved),
    Kind("quiet", "nothing changes", "classification", "month", 24, 500, drawn.quiet),
    Kind("weather", "weather of 2013, real", "regression", "week", 52, 165, real=drawn.weather, margin=1.0),
    Kind("digits", "handwritten digits, other ones from batch 10 on", "classification", "month", 24, 300, drawn.digits),
    Kind("tumours", "real tumours, a device that drifts slowly", "classification", "month", 28, 300, drawn.tumours),
    Kind("wines", "real wines, the shares of the labels change", "classification", "month", 26, 300, drawn.wines),
    Kind("flipping", "two concepts that change places every three batches", "classification", "month", 30, 400,
         drawn.concepts(3, (0, 1) * 5, 400)),
)  # fmt: skip
