"""docs/reference/security.md names tests that exist: a claim whose test went away is found."""

from __future__ import annotations

import ast
import re

from gatehouse.settings import ROOT

NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(test_\w+))?`")


def test_each_claim_has_a_test_that_exists() -> None:
    """Each line of the tables of claims names at least one test, and every named test is there."""
    text = (ROOT / "docs" / "reference" / "security.md").read_text()
    claims = [line for line in text.splitlines() if line.startswith("| C")]
    assert len(claims) > 25
    assert [line for line in claims if not NAMED.search(line)] == []
    assert len({line.split("|")[1].strip() for line in claims}) == len(claims)
    missing = []
    for file, name in NAMED.findall(text):
        path = ROOT / file
        tree = ast.parse(path.read_text(encoding="utf-8")) if path.is_file() else ast.Module([], [])
        there = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        if not path.is_file() or (name and name not in there):
            missing.append(f"{file}::{name}")
    assert missing == []
