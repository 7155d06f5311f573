"""Use-case folders with made-up deliveries: a contract, a model, the policies, and some small batches of rows."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from gatehouse.core.contract.batch_calendar import batch_interval

MONTHS = ("2024-01", "2024-02", "2024-03", "2024-04")
ROWS = 120
COLUMNS = {"id": "string", "at": "timestamp", "group": "string", "amount": "number"}
MODEL = """\
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

{slices}


def features(tables):
    rows = tables["rows"]
{features}


def target(outcomes):
{target}


def estimators(seed):
    text = ColumnTransformer(
        [("group", OneHotEncoder(handle_unknown="ignore"), ["group"])],
        remainder=make_pipeline(SimpleImputer(), StandardScaler()),
    )
    steps = text if {encoded} else make_pipeline(SimpleImputer(), StandardScaler())
    return {{"logistic": make_pipeline(steps, LogisticRegression())}}
"""
RULES = [
    {"rule": "data_validated", "description": "Only validated data."},
    {"rule": "enough_rows", "description": "At least one hundred rows.", "min_rows": 100},
    {"rule": "loads_in_clean_process", "description": "It loads quickly.", "max_seconds": 30},
    {"rule": "handles_unseen_values", "description": "It copes with values it has not seen."},
]
REVIEW = {"approvers": ["reviewer"], "timeout": "3 days", "on_timeout": "reject"}

Write = Callable[[pd.DataFrame, Path], None]


def to_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as pandas does."""
    frame.to_parquet(path, index=False)


def to_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as text."""
    frame.to_csv(path, index=False)


@dataclass
class Delivery:
    """What arrives for one batch. `amount` is different in every row of a folder, so it says which row a feature is of."""

    rows: pd.DataFrame
    outcomes: pd.DataFrame


@dataclass
class Folder:
    """A use case to be written: what a test changes of it, and its deliveries by batch key."""

    batch: str = "month"
    keys: Sequence[str] = MONTHS
    size: int = ROWS
    key: Sequence[str] = ("id",)
    columns: Mapping[str, str] = field(default_factory=lambda: dict(COLUMNS))
    time_column: str | None = "at"
    slices: str = 'SLICES = ("group",)'
    features: str = 'return rows[["group", "amount"]]'
    target: str = 'return outcomes["label"]'
    encoded: bool = True
    suffix: str = "parquet"
    retrain: Mapping[str, Any] = field(default_factory=dict)
    contract: Mapping[str, Any] = field(default_factory=dict)
    table: Mapping[str, Any] = field(default_factory=dict)
    outcomes_table: Mapping[str, Any] = field(default_factory=dict)
    label_type: str = "number"
    rules: Sequence[Mapping[str, Any]] = tuple(RULES)
    delivered: dict[str, Delivery] = field(default_factory=dict)

    def __post_init__(self) -> None:
        random = np.random.default_rng(20240229)
        for number, key in enumerate(self.keys):
            self.delivered[key] = _delivery(self.batch, key, number, self.size, random)

    def edit(self, change: Callable[[str, Delivery], None]) -> Folder:
        """Change each delivery in place."""
        for key, delivery in self.delivered.items():
            change(key, delivery)
        return self

    def write(self, path: Path, rows: Write | None = None, outcomes: Write | None = None) -> Path:
        """Write the folder and its deliveries; `rows` and `outcomes` write the tables in another way than the usual."""
        drop = path / "drop"
        drop.mkdir(parents=True)
        usual = to_csv if self.suffix == "csv" else to_parquet
        for key, delivery in self.delivered.items():
            (rows or usual)(delivery.rows, drop / f"rows_{key}.{self.suffix}")
            (outcomes or usual)(delivery.outcomes, drop / f"outcomes_{key}.{self.suffix}")
        for name, text in self._texts(path.name).items():
            (path / name).write_text(text, encoding="utf-8")
        _date_back(drop)
        return path

    def _texts(self, name: str) -> dict[str, str]:
        contract = {**self._contract(name), **self.contract}
        retrain = {
            "task": "classification", "min_batches_first_training": 2, "selection_metric": "log_loss", "min_maturity": 0.01,
            "triggers": {"decay": {"metric": "log_loss", "margin": 0.02}}, "cooldown_batches": 1, **self.retrain,
        }  # fmt: skip
        gate = {
            "use_case": name, "metric": "log_loss", "no_champion": "promote", "min_rows": 50, "min_blocks": 5,
            "review": REVIEW, "rules": [dict(rule) for rule in self.rules],
        }  # fmt: skip
        model = MODEL.format(
            slices=self.slices,
            features=_indented(self.features),
            target=_indented(self.target),
            encoded=self.encoded,
        )
        dumped = {f"{role}.yaml": yaml.safe_dump(spec, sort_keys=False)
                  for role, spec in (("contract", contract), ("retrain", retrain), ("gate", gate))}  # fmt: skip
        return {**dumped, "model.py": model, "RUNBOOK.md": "Call the data scientist.\n"}

    def _contract(self, name: str) -> dict[str, Any]:
        outcome = {part: self.columns[part] for part in self.key} | {"label": self.label_type}
        main: dict[str, Any] = {"key": [*self.key], "columns": dict(self.columns), **self.table}
        if self.time_column:
            main["time_column"] = self.time_column
        outcomes = {"key": [*self.key], "columns": outcome, "label": "label", "delay": f"1 {self.batch}"}
        return {
            "use_case": name, "title": name, "owner": "data engineering", "frequency": self.batch, "first_batch": next(iter(self.keys), ""),
            "source": {"kind": "files", "address": "drop", "pattern": f"{{table}}_{{key}}.{self.suffix}"},
            "tables": {"rows": main}, "outcomes": {**outcomes, **self.outcomes_table},
        }  # fmt: skip


def _date_back(drop: Path) -> None:
    """Let every file be an hour old: whoever wrote it has ended."""
    for path in (*drop.rglob("*"), drop):
        then = path.stat().st_mtime - 3600
        os.utime(path, (then, then))


def _delivery(batch: str, key: str, number: int, size: int, random: np.random.Generator) -> Delivery:
    interval = batch_interval(batch, key)
    step = (interval.end - interval.start) / (size + 1)
    at = [interval.start + timedelta(seconds=int(step.total_seconds() * row)) for row in range(size)]
    group = random.choice(["a", "b", "c"], size)
    place = random.permutation(size)
    amount = place + number / 1000  # different in every row of the folder, and of one distribution in every batch
    score = 1.5 * (group == "b") - 0.5 + (place - size / 2) / size * 4
    label = (random.uniform(size=size) < 1 / (1 + np.exp(-score))).astype("float64")
    names = [f"{key}-{row:05d}" for row in range(size)]
    rows = pd.DataFrame({"id": names, "at": pd.to_datetime(at, utc=True), "group": group, "amount": amount})
    return Delivery(rows, pd.DataFrame({"id": names, "label": label}))


def _indented(code: str) -> str:
    return "\n".join(f"    {line}" for line in code.splitlines())
