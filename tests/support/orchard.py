"""A use case with three text classes: the template's folder, with another source, and `task: multiclass`."""

from __future__ import annotations

import shutil
from pathlib import Path

from gatehouse.settings import ROOT

TEMPLATE = ROOT / "include" / "gatehouse" / "cli" / "template"
CLASSES = ("apple", "pear", "quince")
SOURCE = """\
import numpy as np
import pandas as pd

from gatehouse.core.contract.batch_calendar import batch_interval, keys_between

ROWS, NAMES = 700, np.array(["apple", "pear", "quince"])


def available():
    return keys_between("month", "2024-01", "2024-08")


def fetch(key, interval):
    return {"rows": _made(key, interval).drop(columns="label")}


def outcomes(key, interval):
    return _made(key, interval)[["id", "label"]]


def _made(key, interval):
    random = np.random.default_rng(int(batch_interval("month", key).start.timestamp()))
    at = pd.Timestamp(interval.start) + pd.to_timedelta(np.sort(random.uniform(0, interval.hours, ROWS)), unit="h")
    amount, group = random.lognormal(3, 1, ROWS), random.choice(["a", "b", "c"], ROWS)
    turned = TURNED if key >= "2024-06" else 0
    pull = np.log(amount) - 3
    odds = np.stack([-pull, np.where(group == "b", 1.0, -0.5), pull + (group == "c")], axis=1)
    odds = np.roll(odds, turned, axis=1) + random.gumbel(size=(ROWS, 3))
    ids = [f"{key}-{number:05}" for number in range(ROWS)]
    label = NAMES[odds.argmax(axis=1)]
    return pd.DataFrame({"id": ids, "at": at.floor("us"), "group": group, "amount": amount, "label": label})
"""
RETRAIN = """\
task: multiclass
classes: [apple, pear, quince]
min_batches_first_training: 2
selection_metric: log_loss
triggers:
  drift: {}
  decay: {metric: log_loss, margin: 0.02}
  calibration: {gap: 0.05}
cooldown_batches: 1
"""
GATE = """\
use_case: orchard
metric: log_loss
no_champion: promote
review: {approvers: [reviewer, admin], timeout: 3 days, on_timeout: reject}
final_fit: false
rules:
  - {rule: data_validated, description: Every batch has passed its contract.}
  - {rule: enough_rows, description: At least 600 held-out rows., min_rows: 600}
  - {rule: loads_in_clean_process, description: The file loads in a clean process., max_seconds: 30}
  - {rule: metric_bound, description: Half of the fruits are named right., metric: accuracy, min: 0.4}
  - {rule: not_worse_than_champion, description: Not worse than the model in production., metric: log_loss, margin: 0.01}
"""


def write(folder: Path, turned: int = 1) -> Path:
    """Write the use case `orchard`. From June on each class has the inputs of the one `turned` places before it."""
    made = folder / "orchard"
    shutil.copytree(TEMPLATE, made, ignore=shutil.ignore_patterns("__pycache__"))
    contract = (made / "contract.yaml").read_text().replace("use_case: template", "use_case: orchard")
    contract = contract.replace("columns: {id: string, label: number}", "columns: {id: string, label: string}")
    (made / "contract.yaml").write_text(contract)
    model = (made / "model.py").read_text().replace('        "boosting"', '        # "boosting"')
    (made / "model.py").write_text(model)
    (made / "source.py").write_text(SOURCE.replace("TURNED", str(turned)))
    (made / "retrain.yaml").write_text(RETRAIN)
    (made / "gate.yaml").write_text(GATE)
    return made
