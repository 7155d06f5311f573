"""docs/reference/gate.md explains each rule with a number that was measured on the flights."""

from __future__ import annotations

import re

import pytest

from gatehouse.core.config.gate import RULES
from gatehouse.settings import ROOT

TEXT = (ROOT / "docs" / "reference" / "gate.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", RULES)
def test_every_rule_has_a_worked_number_from_the_flights(name):
    """Its entry has a sentence that begins with Flights and holds a number."""
    entry = TEXT.split(f"\n### `{name}`\n")[1].split("\n### ")[0].split("\n## ")[0]
    assert re.search(r"Flights[,:][^\n]*(\n[^\n]+)*\d", entry), f"docs/reference/gate.md: no worked number for {name}"
