"""Rules register themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatehouse.core.config.gate import RULES
from gatehouse.core.gate import rules
from gatehouse.core.gate.rules.registry import registered

NEW = '''
"""A rule."""

from typing import Literal

from gatehouse.core.gate.rules.base import Rule


class Nice(Rule):
    """A rule that somebody adds."""

    rule: Literal["nice_weather"]

    def evaluate(self, evidence):
        """Never."""
        raise NotImplementedError
'''


def test_a_rule_is_added_by_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in the folder of the rules is all that it takes: its class is found by the name that it gives itself."""
    (tmp_path / "a_new_rule.py").write_text(NEW)
    with monkeypatch.context() as patch:
        patch.setattr(rules, "__path__", [*rules.__path__, str(tmp_path)])
        found = registered()
    assert set(found) == {*RULES, "nice_weather"}
    assert found["nice_weather"].__name__ == "Nice"
    assert set(registered()) == set(RULES), "a file that is gone is no rule any more"
