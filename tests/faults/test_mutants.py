"""The mutants of `make test-mutations`: each must still be one place of the code, or it takes nothing out."""

from __future__ import annotations

import pytest

from faults.mutants import MUTANTS, Mutant
from gatehouse.settings import ROOT


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.what)
def test_a_mutant_is_one_place_of_the_code(mutant: Mutant) -> None:
    """Its text stands exactly once in the file that it names, and its cases exist."""
    assert (ROOT / mutant.file).read_text(encoding="utf-8").count(mutant.right) == 1
    for case in mutant.cases:
        file, _, name = case.partition("::")
        assert f"def {name}" in (ROOT / file).read_text(encoding="utf-8")
