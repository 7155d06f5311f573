"""Use cases that are broken on purpose: the template of `gatehouse use-case new` with one edit each."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gatehouse.settings import ROOT

TEMPLATE = ROOT / "include" / "gatehouse" / "cli" / "template"
FEATURES = 'return tables["rows"][["group", "amount"]]'
TARGET = 'return outcomes["label"]'
LOGISTIC = "make_pipeline(linear, LogisticRegression())"
GOLDEN = f"""rule: golden_set
    file: golden.csv
    sha256: "{"0" * 64}"
    metric: log_loss
    max: 5"""


def made(folder: Path) -> Path:
    """A use case in which nothing is broken, of few rows."""
    path = folder / "rides"
    shutil.copytree(TEMPLATE, path, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("contract.yaml", "gate.yaml"):
        edit(path / name, "use_case: template", "use_case: rides")
    edit(path / "source.py", "ROWS = 2000", "ROWS = 1200")
    return path


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text that must be there."""
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{path.name} has no {old!r}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def replaced(file: str, old: str, new: str) -> Callable[[Path], None]:
    return lambda folder: edit(folder / file, old, new)


def appended(file: str, text: str, others: Mapping[str, str] | None = None) -> Callable[[Path], None]:
    """Add text to a file, and write other files."""

    def act(folder: Path) -> None:
        with (folder / file).open("a", encoding="utf-8") as sink:
            sink.write(text)
        for name, content in (others or {}).items():
            (folder / name).write_text(content, encoding="utf-8")

    return act


@dataclass(frozen=True)
class Broken:
    """An edit, and what the check says of it: the file, the line's text, words of the problem, and the owner."""

    act: Callable[[Path], None]
    file: str
    line: str
    words: tuple[str, ...]
    owner: str


def rule(text: str) -> str:
    return f"  - {text}\n    description: This one is broken.\n"


BROKEN = {
    "a misspelt key": Broken(
        replaced("retrain.yaml", "cooldown_batches", "cool_down"), "retrain.yaml", "cool_down: 1",
        ("unknown key `cool_down`", "cooldown_batches"), "data scientist",
    ),
    "a metric of another task": Broken(
        replaced("retrain.yaml", "selection_metric: log_loss", "selection_metric: rmse"), "retrain.yaml", "selection_metric: rmse",
        ("not defined for classification", "'rmse'", "log_loss"), "data scientist",
    ),
    "too few batches for the first training": Broken(
        replaced("retrain.yaml", "min_batches_first_training: 2", "min_batches_first_training: 1"), "retrain.yaml", "min_batches_first_training: 1",
        ("first training has too few batches", "at least 2"), "data scientist",
    ),
    "drift of a column that is no feature": Broken(
        replaced("retrain.yaml", "triggers:\n", "triggers:\n  drift: {columns: [amuont]}\n"), "retrain.yaml", "columns: [amuont]",
        ("drift is asked for", "amuont", "amount"), "data scientist",
    ),
    "a column that is not delivered": Broken(
        replaced("contract.yaml", "amount: number}", "amount: number, tip: number}"), "contract.yaml", "",
        ("column 'tip' is missing",), "data engineer",
    ),
    "an expectation that nothing meets": Broken(
        replaced("contract.yaml", "min_rows: 100", "min_rows: 5000"), "contract.yaml", "",
        ("would be quarantined", "1200 rows", "at least 5000"), "data engineer",
    ),
    "an expectation about no column": Broken(
        replaced("contract.yaml", "args: {column: amount, mostly", "args: {column: amuont, mostly"), "contract.yaml",
        "- expect: expect_column_values_to_not_be_null", ("no such column is declared", "'amuont'", "amount"), "data engineer",
    ),
    "a source that raises": Broken(
        replaced("source.py", 'return {"rows": _made', 'open("/nowhere/rides.csv")\n    return {"rows": _made'), "source.py",
        'open("/nowhere/rides.csv")', ("fetch('2024-01') raised FileNotFoundError",), "data engineer",
    ),
    "features that raise": Broken(
        replaced("model.py", FEATURES, 'return tables["rows"][["group", "fare"]]'), "model.py", '"fare"',
        ("features() raised KeyError", "fare"), "data scientist",
    ),
    "a slice that is no feature": Broken(
        replaced("model.py", 'SLICES = ("group",)', 'SLICES = ("region",)'), "model.py", 'SLICES = ("region",)',
        ("SLICES names a column", "'region'", "group, amount"), "data scientist",
    ),
    "labels of minus one and one": Broken(
        replaced("model.py", TARGET, 'return outcomes["label"] * 2 - 1'), "model.py", "def target",
        ("labels that a classification cannot learn from", "-1 (", "0 and 1"), "data scientist",
    ),
    "a target that loses rows": Broken(
        replaced("model.py", TARGET, 'return outcomes["label"].to_numpy()[1:]'), "model.py", "def target",
        ("target() returned rows that cannot be matched",), "data scientist",
    ),
    "outcomes with other keys": Broken(
        replaced("source.py", '[["id", "label"]]', '[["id", "label"]].assign(id=lambda made: "x" + made["id"])'),
        "contract.yaml", "", ("no outcome matches an accepted row", "for example"), "data engineer",
    ),
    "an estimator that does not fit": Broken(
        replaced("model.py", LOGISTIC, 'LogisticRegression()'), "model.py", "def estimators",
        ("'logistic' raised in fit", "ValueError"), "data scientist",
    ),
    "a class for an estimator": Broken(
        replaced("model.py", LOGISTIC, "LogisticRegression"), "model.py", "def estimators",
        ("'logistic' cannot be fitted", "the class LogisticRegression"), "data scientist",
    ),
    "an estimator without probabilities": Broken(
        replaced("model.py", LOGISTIC, 'make_pipeline(linear, __import__("sklearn.svm").svm.LinearSVC())'), "model.py",
        "def estimators", ("LinearSVC has no predict_proba()",), "data scientist",
    ),
    "an estimator that cannot be stored": Broken(
        replaced(
            "model.py", LOGISTIC,
            'make_pipeline(linear, __import__("sklearn.preprocessing").preprocessing.FunctionTransformer(abs), LogisticRegression())',
        ), "model.py", "def estimators", ("'logistic' cannot be stored", "builtins.abs", "classes and functions of model.py (write a `def` there)"), "data scientist",
    ),
    "a metric of its own that raises": Broken(
        appended("model.py", "\n\nMETRICS = {'cost': lambda labels, predictions, weights: labels['x']}\n"), "model.py",
        "METRICS = ", ("metric rides.cost cannot be measured", "its function raised IndexError"), "data scientist",
    ),
    "a rule on a column that is no slice": Broken(
        appended("gate.yaml", rule("rule: slice_floor\n    column: region\n    metric: log_loss\n    max: 5")), "gate.yaml",
        "- rule: slice_floor", ("not in SLICES", "'region'", "group"), "risk owner",
    ),
    "a rule of Python that raises": Broken(
        appended(
            "gate.yaml", rule("rule: python\n    function: rules.py:fair"),
            {"rules.py": "def fair(rows):\n    return rows['nothing'], 1, True, 'x'\n"},
        ), "rules.py", "rows['nothing']", ("fair() raised KeyError: 'nothing'",), "risk owner",
    ),
    "a golden set of other bytes": Broken(
        appended(
            "gate.yaml", rule(GOLDEN),
            {"golden.csv": "group,amount,gh_label\na,1.0,0\n"},
        ), "gate.yaml", "- rule: golden_set", ("golden.csv has sha256", "the policy names 000000000000"), "risk owner",
    ),
    "a rule on a feature that there is not": Broken(
        appended("gate.yaml", rule("rule: monotone\n    feature: fare\n    direction: increasing")), "gate.yaml",
        "- rule: monotone", ("the model has no feature 'fare'", "group, amount"), "risk owner",
    ),
}  # fmt: skip
