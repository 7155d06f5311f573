"""The faults of the mutation benchmark: each must still be one place of the gate's code, or it injects nothing."""

from __future__ import annotations

import pytest
from benchmarks.faults import FAULTS, Fault

from gatehouse.settings import ROOT


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.what)
def test_a_fault_is_one_place_of_the_code(fault: Fault) -> None:
    """Its text stands exactly once in the file that it names, so that `make benchmark` breaks what it says it breaks."""
    text = (ROOT / "include" / "gatehouse" / "core" / fault.file).read_text(encoding="utf-8")
    assert text.count(fault.right) == 1


def test_there_are_as_many_faults_as_promised() -> None:
    """At least twenty-five, of different names."""
    assert len({fault.what for fault in FAULTS}) == len(FAULTS) >= 25
