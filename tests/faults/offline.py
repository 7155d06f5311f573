"""F32: the whole suite in a network that has the loopback alone; also the plugin of pytest that names who sent anything away."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from faults.loopback import alone, refused, sent_away
from faults.proven import Asked, Proven

WHAT = "the suite in a network that has the loopback alone"
_AWAY = "GATEHOUSE_SENT_AWAY"  # the file with a line for each test during which something was sent elsewhere
_LIKE_MAKE = ("-q", "-n", "logical", "--maxprocesses", "4", "--dist", "loadfile", "--no-loadscope-reorder")


def offline(asked: Asked) -> list[Proven]:
    """Every test, or those of the folder that `only` names: none fails, and nothing is sent but to this machine."""
    if reason := refused():
        return [Proven("F32", WHAT, 0, skipped=reason)]
    with tempfile.TemporaryDirectory() as folder:
        results, away = Path(folder) / "results.xml", Path(folder) / "away"
        tests = [sys.executable, "-m", "pytest", asked.only or "tests", *_LIKE_MAKE, "-p", "faults.offline"]
        ended = alone([*tests, f"--junitxml={results}"], {_AWAY: str(away)})
        if not results.is_file():
            return [Proven("F32", WHAT, 0, (ended.stderr.strip() or ended.stdout[-1000:],))]
        cases = list(ElementTree.parse(results).getroot().iter("testcase"))
        elsewhere = away.read_text(encoding="utf-8").splitlines() if away.is_file() else []
    broken = [f"{case.get('classname')}::{case.get('name')}: {why}" for case in cases if (why := _why(case))]
    skipped = sum(case.find("skipped") is not None for case in cases)
    return [Proven("F32", f"{WHAT}; {skipped} more skipped themselves", len(cases) - skipped, (*broken, *elsewhere))]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Name the test during which something was sent away: by it, by one beside it, or by a process that one of them left."""
    before = sent_away()
    ran = yield
    if more := sent_away() - before:
        with Path(os.environ[_AWAY]).open("a", encoding="utf-8") as file:
            file.write(f"{item.nodeid}: {more} packets to elsewhere than this machine\n")
    return ran


def _why(case: ElementTree.Element) -> str:
    """The first line of what a test failed with; empty when it did not."""
    found = next((each for way in ("failure", "error") for each in case.iter(way)), None)
    return "" if found is None else (found.get("message") or "failed").splitlines()[0]
