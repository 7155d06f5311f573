"""Probing in processes forked from a clean one: what a clean process finds, and nothing of one probe in the next."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from gatehouse.adapters.models import SkopsModels, model_probe
from gatehouse.backtest.context import clean_processes
from gatehouse.core.audit.canonical_json import sha256
from gatehouse.ports import ModelTrust

ROWS = pd.DataFrame({"a": [0.0, 1.0] * 50, "b": [1.0, 2.0] * 50})


def test_a_probe_tells_what_a_clean_process_tells_and_a_dead_one_harms_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A whole model's numbers, a damaged one's error; a process that dies or hangs is an error, and the next one answers."""
    context, data = clean_processes(), SkopsModels().dump(LogisticRegression().fit(ROWS, ROWS["a"] > 0))
    good = (data, sha256(data), ROWS, "classification", ModelTrust())
    found = model_probe.measure_in(context, *good)
    assert (found.error, found.size_bytes) == ("", len(data))
    assert found.load_seconds is not None
    assert found.memory_bytes is not None
    damaged = model_probe.measure_in(context, b"damaged", sha256(b"damaged"), ROWS, "classification", ModelTrust())
    assert damaged.error.startswith("UntrustedModelError")
    with monkeypatch.context() as patch:
        patch.setattr(model_probe, "_answer", _dies)
        assert model_probe.measure_in(context, *good).error == "the process died without an answer"
        patch.setattr(model_probe, "_answer", _hangs)
        patch.setattr(model_probe, "TIMEOUT_SECONDS", 0.2)
        assert model_probe.measure_in(context, *good).error == "no answer within 0.2 s"
    assert model_probe.measure_in(context, *good).error == ""


def _dies(*_: object) -> None:
    raise SystemExit(9)


def _hangs(*_: object) -> None:
    import time

    time.sleep(600)


@pytest.mark.skipif(
    not Path("/proc/thread-self/schedstat").exists(), reason="the system does not count waiting threads"
)
def test_a_busy_machine_makes_no_model_slower() -> None:
    """Of two programs on one processor, each waits for the other: that time counts for no model."""
    mine = os.sched_getaffinity(0)
    loop = "import os; os.sched_setaffinity(0, [int(os.environ['CORE'])])\nwhile True: pass"
    core = min(mine)
    others = [subprocess.Popen([sys.executable, "-c", loop], env={**os.environ, "CORE": str(core)}) for _ in range(2)]
    try:
        os.sched_setaffinity(0, {core})
        started, wall, waited = model_probe._clock(), time.perf_counter(), 0.0
        while waited == 0.0 and time.perf_counter() - wall < 60:
            waited = (time.perf_counter() - wall) - (model_probe._clock() - started)
            waited = waited if waited > 0.05 else 0.0
    finally:
        os.sched_setaffinity(0, mine)
        for other in others:
            other.kill()
            other.wait()
    assert waited > 0
