"""What a use case brings along, looked at when its folder is read: files that rules name, its own metrics, its SLICES."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from croniter import croniter

from gatehouse.core.config.contract import Contract
from gatehouse.core.config.gate import GatePolicy
from gatehouse.core.config.retrain import RetrainPolicy
from gatehouse.core.statistics.custom_metrics import is_own
from gatehouse.core.statistics.metrics import metrics_for
from gatehouse.errors import ConfigurationError

FIELDS = 5
START = datetime(2000, 1, 1, tzinfo=UTC)
PRESETS = {
    "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *", "@yearly": "0 0 1 1 *",
}  # fmt: skip


def schedule_problems(contract: Contract, folder: Path) -> Iterator[ConfigurationError]:
    """Yield a `schedule` that is no cron expression of five fields, or that never comes."""
    if contract.schedule is None:
        return
    expression = PRESETS.get(contract.schedule, contract.schedule)
    try:
        known = len(expression.split()) == FIELDS and bool(croniter(expression, START).get_next())
    except (ValueError, KeyError):  # CroniterError is a ValueError
        known = False
    if not known:
        yield ConfigurationError(
            "the schedule is no cron expression that ever comes", where=f"{folder / 'contract.yaml'}: schedule",
            found=repr(contract.schedule), allowed="five fields in UTC like `0 6 * * *`, or one of " + ", ".join(PRESETS),
            owner="data engineer",
        )  # fmt: skip


def gate_problems(gate: GatePolicy, folder: Path, file: Path | None = None) -> Iterator[ConfigurationError]:
    """Yield each rule that names a file that the folder lacks, or a metric or a slice that `model.py` does not declare.
    `file` is where the policy was read from; without it, the folder's `gate.yaml`."""
    file = file or folder / "gate.yaml"
    declared, slices = own_metrics(folder), declared_slices(folder / "model.py")
    if gate.block_column and slices is not None and gate.block_column not in slices:
        yield _no_slice(f"{file}: resample_by", gate.block_column, slices)
    for position, rule in enumerate(gate.rules):
        where = f"{file}: rules.{position} ({rule.rule})"
        for name in rule.files():
            if not (folder / name).is_file():
                yield ConfigurationError(
                    "the rule names a file that the use case's folder does not have", where=where, found=repr(name),
                    allowed=", ".join(sorted(each.name for each in folder.iterdir() if each.is_file())), owner="risk owner",
                )  # fmt: skip
        for metric in (gate.metric, *rule.metrics()):
            if is_own(metric) and metric not in declared:
                yield _undeclared(where, metric, declared)
        if slices is not None and rule.slice_column is not None and rule.slice_column not in slices:
            yield _no_slice(where, rule.slice_column, slices)


def retrain_problems(retrain: RetrainPolicy, folder: Path, file: Path | None = None) -> Iterator[ConfigurationError]:
    """Yield each metric of `retrain.yaml`, or of the `file` read in its place, that is neither defined for the task nor
    declared in `model.py`."""
    known, declared = metrics_for(retrain.task), own_metrics(folder)
    asked = {"selection_metric": retrain.selection_metric}
    if retrain.triggers.decay is not None:
        asked["triggers.decay.metric"] = retrain.triggers.decay.metric
    for key, metric in asked.items():
        where = f"{file or folder / 'retrain.yaml'}: {key}"
        if is_own(metric) and metric not in declared:
            yield _undeclared(where, metric, declared)
        elif not is_own(metric) and metric not in known:
            yield ConfigurationError(
                f"the metric is not defined for {retrain.task}", where=where, found=repr(metric),
                allowed=", ".join([*known, *declared]), owner="data scientist",
            )  # fmt: skip


def own_metrics(folder: Path) -> tuple[str, ...]:
    """The full names of the metrics that `model.py` declares."""
    return tuple(f"{folder.name}.{name}" for name in declared_metrics(folder / "model.py"))


def _undeclared(where: str, metric: str, declared: tuple[str, ...]) -> ConfigurationError:
    return ConfigurationError(
        "the metric is not declared in METRICS of model.py", where=where, found=repr(metric),
        allowed=", ".join(declared) or "it declares none", owner="data scientist",
    )  # fmt: skip


def _no_slice(where: str, column: str, slices: tuple[str, ...]) -> ConfigurationError:
    return ConfigurationError(
        "the column is not in SLICES of model.py", where=where, found=repr(column),
        allowed=", ".join(slices) or "SLICES is empty or absent; the data scientist adds the column to it", owner="risk owner",
    )  # fmt: skip


def declared_metrics(path: Path) -> tuple[str, ...]:
    """The keys of `METRICS = {...}` in a model file, read without running it: reading a use case imports no model code."""
    keys = [key for value in _assigned(path, "METRICS") if isinstance(value, ast.Dict) for key in value.keys]
    return tuple(key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str))


def declared_slices(path: Path) -> tuple[str, ...] | None:
    """The names in `SLICES = (...)` of a model file, read without running it: none where it has no SLICES, and None where
    they are not written as a tuple or list of texts, or the file cannot be read."""
    values = _assigned(path, "SLICES")
    if not values:
        return () if _body(path) and "SLICES" not in path.read_text(encoding="utf-8") else None
    items = values[-1].elts if isinstance(values[-1], ast.Tuple | ast.List) else None
    names = [item.value for item in items or () if isinstance(item, ast.Constant) and isinstance(item.value, str)]
    return tuple(names) if items is not None and len(names) == len(items) else None


def _assigned(path: Path, name: str) -> list[ast.expr]:
    """The values that a name of the file is set to at its top level."""
    return [
        node.value
        for node in _body(path)
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name) and target.id == name
    ]


def _body(path: Path) -> list[ast.stmt]:
    try:
        return ast.parse(path.read_text(encoding="utf-8")).body
    except (OSError, SyntaxError, ValueError):
        return []  # importing the file will say what is wrong with it
