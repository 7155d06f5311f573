"""What a use case brings along, its own metrics and the files its rules name, is looked at when the folder is read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gatehouse.errors import ConfigurationError
from gatehouse.settings import ROOT
from gatehouse.use_case import load
from gatehouse.use_case_checks import declared_metrics

TEMPLATE = ROOT / "include" / "gatehouse" / "cli" / "template"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the template that a test may edit."""
    return Path(shutil.copytree(TEMPLATE, tmp_path / "template", ignore=shutil.ignore_patterns("__pycache__")))


def add(folder: Path, rule: str) -> None:
    (folder / "gate.yaml").write_text((folder / "gate.yaml").read_text() + rule)


BOUND = "  - rule: metric_bound\n    description: Cheap enough.\n    metric: template.cost\n    max: 2.5\n"
PYTHON = "  - rule: python\n    description: Fair enough.\n    function: rules.py:fair\n"
METRICS = "\n\nMETRICS = {'cost': lambda label, prediction, weight: (label - prediction) ** 2}\n"


def test_a_declared_metric_is_accepted_without_running_the_code(folder: Path) -> None:
    """`METRICS = {...}` is read from the text; importing the model is what makes the functions known."""
    add(folder, BOUND)
    model = folder / "model.py"
    model.write_text(model.read_text() + "\nraise RuntimeError('the code was run')" + METRICS)
    assert load(folder).gate.rules[-1].rule == "metric_bound"
    assert declared_metrics(model) == ("cost",)


def test_an_undeclared_metric_is_refused_with_the_declared_ones(folder: Path) -> None:
    """Another name, or another use case's: what is declared is listed, and whose it is."""
    add(folder, BOUND)
    with pytest.raises(ConfigurationError, match=r"METRICS of model.py; found 'template.cost'.*it declares none"):
        load(folder)
    (folder / "model.py").write_text((folder / "model.py").read_text() + METRICS.replace("cost", "profit"))
    with pytest.raises(ConfigurationError, match=r"rules.4 \(metric_bound\).*allowed: template.profit.*data scientist"):
        load(folder)


def test_a_file_that_a_rule_names_must_be_there(folder: Path) -> None:
    """A Python rule without its file is refused when the folder is read, not in the night in which it is judged."""
    add(folder, PYTHON)
    with pytest.raises(ConfigurationError, match=r"rules.4 \(python\).*found 'rules.py'.*risk owner"):
        load(folder)
    (folder / "rules.py").write_text("def fair(rows): return 0.0, 1.0, True, 'fair'\n")
    assert load(folder).gate.rules[-1].rule == "python"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("METRICS = {'a': f, \"b\": g}", ("a", "b")),
        ("METRICS: dict = {'a': f}", ("a",)),
        ("METRICS = {**other, 'a': f, name: g}", ("a",)),
        ("METRICS = make()", ()),
        ("def broken(:", ()),
        ("x = 1", ()),
    ],
)
def test_declarations_are_read_from_any_text(tmp_path: Path, text: str, names: tuple[str, ...]) -> None:
    """Only literal keys count; a file that cannot be parsed declares nothing."""
    path = tmp_path / "model.py"
    path.write_text(text)
    assert declared_metrics(path) == names
