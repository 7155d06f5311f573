"""One stack for all tests of this folder: it starts before the first of them and has ended after the last."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatehouse.dev_stack import process, stack
from gatehouse.dev_stack.stack import Stack
from gatehouse.settings import ROOT

BUILT_IN = ROOT / "include" / "usecases"
TEMPLATE = ROOT / "include" / "gatehouse" / "cli" / "template"
WHOLE = 'return {"rows": _made(key, interval).drop(columns="label")}'
CUT_SHORT = WHOLE[:-1] + '[: 1500 if key in ("2024-04", "2024-06") else None]}'
STRICTER = """
  - rule: better_than_champion
    description: A change of model is worth its risk only for a gain of more than .05 of log loss.
    metric: log_loss
    margin: 0.05
override: {require_second_approver: true}
"""


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack with the built-in use cases, `rides`, whose first model is sent to review, `deliveries`: the same with two
    months cut short, and `strict_delays`: the flights under a gate that lets no honest second model of the year pass
    (the largest gain is .03)."""
    folders = tmp_path_factory.mktemp("usecases")
    copied(TEMPLATE, folders / "rides", "template")
    source = copied(TEMPLATE, folders / "deliveries", "template") / "source.py"
    source.write_text(source.read_text().replace(WHOLE, CUT_SHORT))
    contract = source.with_name("contract.yaml")
    contract.write_text(contract.read_text().replace("min_rows: 100", "min_rows: 1600"))
    strict = copied(BUILT_IN / "flight_delays", folders / "strict_delays", "flight_delays")
    with (strict / "gate.yaml").open("a") as gate:
        gate.write(STRICTER)
    with contextlib.ExitStack() as ending:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("GATEHOUSE_USECASES", os.pathsep.join([str(BUILT_IN), str(folders)]))
            found = ending.enter_context(stack.running(tmp_path_factory.mktemp("stack") / "home"))
        yield found
    assert process.tagged(found.home.mark) == [], "the stack left processes behind"


def copied(folder: Path, to: Path, name: str) -> Path:
    """A use case's folder under another name."""
    shutil.copytree(folder, to, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (to / "contract.yaml", to / "gate.yaml", to / "RUNBOOK.md"):
        path.write_text(path.read_text().replace(name, to.name))
    return to
