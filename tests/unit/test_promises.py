"""What every test owes: a promise in its docstring."""

import ast
from collections import Counter

from gatehouse.settings import ROOT

TESTS = ROOT / "tests"


def test_every_test_states_its_promise():
    """Each test function has a docstring of at least a few words."""
    silent = [
        f"{path.relative_to(TESTS)}:{node.lineno} {node.name}"
        for path in TESTS.rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        if len((ast.get_docstring(node) or "").split()) < 4
    ]
    assert silent == []


def test_every_test_file_has_a_name_of_its_own():
    """Pytest imports a test file by its bare name, so of two with one name the second is not run."""
    names = Counter(path.name for path in TESTS.rglob("test_*.py"))
    assert [name for name, times in names.items() if times > 1] == []
