"""The words that pages explain where they stand are those of the glossary."""

from __future__ import annotations

import re
import sys

from gatehouse.settings import ROOT


def test_each_term_has_the_meaning_of_the_glossary() -> None:
    """A word that is explained on hover and focus reads as in the documents."""
    sys.path.insert(0, str(ROOT / "plugins"))
    from gatehouse_ui.glossary import TERMS

    sys.path.pop(0)
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|", (ROOT / "docs/reference/glossary.md").read_text(), re.MULTILINE)
    known = {word: re.sub(r"`|\[([^]]+)\]\([^)]*\)", r"\1", meaning) for word, meaning in rows}
    assert {word: known.get(word) for word in TERMS} == TERMS
