"""F33 and F34 on real Airflow: five use cases with ten batches each at once, then a batch a minute for hours while
something is killed or stopped every five minutes, and nobody helps.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

import httpx

from faults import scenario
from faults.harm import Harm
from faults.proven import Asked, Proven
from faults.vitals import Vitals
from gatehouse.errors import GatehouseError
from gatehouse.local import process, stack
from gatehouse.local.airflow_api import AirflowApi
from gatehouse.local.stack import Stack
from gatehouse.usecase import find
from gatehouse.wiring import InstalledSite, verify_installation
from stages.rides import TEMPLATE

USE_CASES, AT_ONCE = 5, 10
BATCH_SECONDS, HARM_SECONDS = 60.0, 300.0
PARSE_SECONDS, SETTLE_SECONDS = 120.0, 1500.0
HEARTBEAT_SECONDS = 30.0


def soaked(asked: Asked) -> list[Proven]:
    """Both, on one stack; `asked.minutes` of harm."""
    with tempfile.TemporaryDirectory() as folder:
        names = _use_cases(Path(folder) / "usecases", AT_ONCE + int(asked.minutes))
        others = {"GATEHOUSE_USECASES": str(Path(folder) / "usecases")}
        with patch.dict(os.environ, others), stack.running(Path(folder) / "home") as running:
            rows = [_at_once(running, names), _harmed(running, names, asked)]
        left = process.marked(running.home.mark)
    return [*rows, Proven("F5", "processes that outlive the stack", 1, tuple(f"{each}" for each in left))]


def _use_cases(folder: Path, batches: int) -> list[str]:
    """Small months from 2024 on, enough for what is asked."""
    year, month = 2024 + (batches - 1) // 12, (batches - 1) % 12 + 1
    names = [f"soak_{number}" for number in range(USE_CASES)]
    for name in names:
        shutil.copytree(TEMPLATE, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        scenario.edit(folder / name / "contract.yaml", {"use_case: template": f"use_case: {name}"})
        scenario.edit(
            folder / name / "gate.yaml",
            {"use_case: template": f"use_case: {name}", "first_model: review": "first_model: promote"},
        )
        scenario.edit(folder / name / "source.py", {'"2024-08"': f'"{year}-{month:02}"'})
    return names


def _at_once(running: Stack, names: Sequence[str]) -> Proven:
    """All batches of all use cases are triggered in one go."""
    api, vitals = running.airflow(), Vitals(running)
    _parsed(api, names)
    vitals.start()
    started = time.monotonic()
    asked = [(name, key) for name in names for key in _keys(running, name)[:AT_ONCE]]
    for name, key in asked:
        _triggered(api, name, key)
    missing = _settled(running, asked)
    vitals.end()
    what = (
        f"{USE_CASES} use cases with {AT_ONCE} batches each through Airflow at once: all ended after "
        f"{time.monotonic() - started:.0f} s, longest heartbeat gap {vitals.gap:.0f} s"
    )
    return Proven("F33", what, len(asked), (*missing, *_late(vitals), *_broken(running)))


def _harmed(running: Stack, names: Sequence[str], asked: Asked) -> Proven:
    """A batch a minute, and harm at regular intervals; then everything must settle and hold."""
    api, vitals, harm = running.airflow(), Vitals(running), Harm(running, asked.seed)
    vitals.start()
    keys = {name: iter(_keys(running, name)[AT_ONCE:]) for name in names}
    given: list[tuple[str, str]] = []
    started = harmed = handed = time.monotonic()
    while (now := time.monotonic()) < started + 60 * asked.minutes:
        if now - handed >= BATCH_SECONDS:
            name = names[len(given) % len(names)]
            given.append((name, next(keys[name])))
            _triggered(api, *given[-1])
            handed = now
        if now - harmed >= min(HARM_SECONDS, 60 * asked.minutes / 8):
            harm.next()
            harmed = now
        time.sleep(0.5)
    missing = _settled(running, given)
    vitals.end()
    what = (
        f"{asked.minutes:g} minutes, a batch a minute through Airflow, {len(harm.done)} faults ({'; '.join(harm.done)}); "
        f"longest heartbeat gap {vitals.gap:.0f} s"
    )
    wrong = (*missing, *_late(vitals), *vitals.grown(), *_broken(running))
    return Proven("F34", what, len(given), wrong, harm.worst, asked.seed)


def _keys(running: Stack, name: str) -> list[str]:
    return _site(running, name).source.available()


def _site(running: Stack, name: str) -> InstalledSite:
    return InstalledSite(find(name, running.settings), running.settings)


def _parsed(api: AirflowApi, names: Sequence[str]) -> None:
    deadline = time.monotonic() + PARSE_SECONDS
    while not {f"{name}__ingest" for name in names} <= set(api.dag_ids()):
        assert time.monotonic() < deadline, f"Airflow has not parsed the DAGs of {names}: {api.import_errors()}"
        time.sleep(1)


def _triggered(api: AirflowApi, name: str, key: str) -> None:
    """Trigger until Airflow has taken it: who asks again in a minute is no hand that helps."""
    for _ in range(60):
        try:
            api.trigger(f"{name}__ingest", f"soak__{key}", {"batch": key})
        except (GatehouseError, httpx.HTTPError):
            time.sleep(2)
        else:
            return
    raise AssertionError(f"Airflow took no run of {name} for two minutes")


def _settled(running: Stack, asked: Sequence[tuple[str, str]]) -> list[str]:
    """What was not watched in time: upkeep's schedule is all the help there is."""
    deadline = time.monotonic() + SETTLE_SECONDS
    waiting = set(asked)
    while waiting and time.monotonic() < deadline:
        for name in {name for name, _ in waiting}:
            site = _site(running, name)
            if site.ledger.requests.pending(name) is None:
                waiting -= {(name, report.batch.key) for report in site.ledger.batches.watches(name)}
        time.sleep(2)
    return [
        f"{name} {key} was not watched, or its request not ended, within {SETTLE_SECONDS:g} s"
        for name, key in sorted(waiting)
    ]


def _late(vitals: Vitals) -> list[str]:
    late = vitals.gap > HEARTBEAT_SECONDS
    return (
        [f"{vitals.gap:.0f} s between two heartbeats of the scheduler; {HEARTBEAT_SECONDS:g} are allowed"]
        if late
        else []
    )


def _broken(running: Stack) -> list[str]:
    return [
        f"{finding.invariant}: {breach}"
        for finding in verify_installation(running.settings)
        for breach in finding.breaches
    ]
