"""The audit does not call nothing a success."""

from __future__ import annotations

import importlib.util

import pytest

from gatehouse.settings import ROOT

SKIPPED = {"name": "x", "skip_reason": "Dependency not found on PyPI and could not be audited: x (1)"}
WELL = {"name": "y", "version": "1", "vulns": []}
ILL = {"name": "z", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}]}


@pytest.mark.parametrize(
    ("found", "code", "said"),
    [
        (None, 2, "nothing was audited"),
        ([], 2, "nothing was audited"),
        ([SKIPPED], 2, "nothing was audited"),
        ([WELL], 0, "1 packages were asked about; no known faults"),
        ([WELL, SKIPPED], 1, "x could not be audited"),
        ([WELL, ILL], 1, "z 2: PYSEC-1, fixed in 3"),
    ],
)
def test_what_was_not_asked_about_is_not_well(found: list | None, code: int, said: str) -> None:
    """No report, an empty one, or one that skips every package is 'nothing was audited'; one skipped or faulty package is
    a failure that names it."""
    spec = importlib.util.spec_from_file_location("audit", ROOT / "ops" / "audit.py")
    audit = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(audit)
    given, lines = audit.verdict(None if found is None else {"dependencies": found})
    assert given == code
    assert said in lines[0]
