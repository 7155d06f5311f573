"""What a use case brings along for its gate, looked at when the folder is read: files that rules name, own metrics."""

from __future__ import annotations

import ast
from pathlib import Path

from gatehouse.core.specs.gate import GatePolicy
from gatehouse.core.statistics.own import is_own
from gatehouse.errors import ConfigurationError


def check_brought(gate: GatePolicy, folder: Path) -> None:
    """Refuse a rule that names a file that the folder lacks, or a metric of its own that `model.py` does not declare."""
    declared = tuple(f"{folder.name}.{name}" for name in declared_metrics(folder / "model.py"))
    for position, rule in enumerate(gate.rules):
        where = f"{folder / 'gate.yaml'}: rules.{position} ({rule.rule})"
        for name in rule.files():
            if not (folder / name).is_file():
                raise ConfigurationError(
                    "the rule names a file that the use case's folder does not have", where=where, found=repr(name),
                    allowed=", ".join(sorted(each.name for each in folder.iterdir() if each.is_file())), owner="risk owner",
                )  # fmt: skip
        for metric in (gate.metric, *rule.metrics()):
            if is_own(metric) and metric not in declared:
                raise ConfigurationError(
                    "the metric is not declared in METRICS of model.py", where=where, found=repr(metric),
                    allowed=", ".join(declared) or "it declares none", owner="data scientist",
                )  # fmt: skip


def declared_metrics(path: Path) -> tuple[str, ...]:
    """The keys of `METRICS = {...}` in a model file, read without running it: reading a use case imports no model code."""
    try:
        body = ast.parse(path.read_text(encoding="utf-8")).body
    except (SyntaxError, UnicodeDecodeError):
        return ()  # importing the file will say what is wrong with it
    values = [
        node.value
        for node in body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name) and target.id == "METRICS"
    ]
    keys = [key for value in values if isinstance(value, ast.Dict) for key in value.keys]
    return tuple(key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str))
