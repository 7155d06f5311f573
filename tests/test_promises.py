"""What every test owes: a promise in its docstring."""

import ast
from pathlib import Path

TESTS = Path(__file__).parent


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
