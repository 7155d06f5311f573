"""False alarms on quiet batches at each tool's defaults, and how soon a small shift is seen at equal false alarms."""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.peers import data, environment, ours
from benchmarks.table import Table

REFERENCE, QUIET, CHANGED = 12, 24, 8
TOOLS = ("gatehouse", "evidently", "nannyml")
EQUAL = 0.05  # of the quiet batches, the level at which delays are compared


def measure(home: Path) -> list[Table]:
    """Both tables."""
    frame = data.features()
    quiet = {kind: _quiet(home, kind, frame) for kind in data.QUIET}
    rows = []
    for kind, found in quiet.items():
        for tool in TOOLS:
            batches = found[tool]["batches"]
            alarmed = 100 * mean(each["alarms"] > 0 for each in batches)
            rows.append((kind, tool, f"{alarmed:.0f}", f"{100 * mean(each['alarms'] for each in batches):.0f}"))
    limits = {
        tool: float(np.quantile([b["worst"] for b in quiet["days"][tool]["batches"]], 1 - EQUAL)) for tool in TOOLS
    }
    delays = [_delay(home, shift, frame, limits) for shift in data.SHIFTS]
    setting = (
        f"{data.ROWS:,} rows a batch of the flights' {frame.shape[1] - 1} features, {REFERENCE} batches of reference, "
    )
    aa = Table(
        "Alarms on quiet batches, beside other tools",
        f"{setting}{QUIET} quiet batches; every tool at its defaults (Gatehouse: false_alarms .01, before impact). "
        "`permuted`: rows dealt at random; `days`: whole days drawn from the year; `season`: from the batch's own month, "
        "the reference one year of them. Alarms and batches with one or more of them, per 100 batches.",
        ("quiet batches", "tool", "batches with an alarm", "alarms"),
        rows,
    )
    late = Table(
        "Delay to see a small shift, at equal false alarms",
        f"{setting}each tool's threshold moved to where {EQUAL:.0%} of the quiet `days` batches alarm; then one column of "
        f"one change, {CHANGED} batches. Mean number of batches until the first alarm, over every start within them "
        f"(> {CHANGED}: never), and the share of changed batches that alarm.",
        ("shift", *TOOLS),
        delays,
    )
    return [aa, late]


def _quiet(home: Path, kind: str, frame: pd.DataFrame) -> dict[str, Any]:
    random = np.random.default_rng([1, data.QUIET.index(kind)])
    reference, batches = data.quiet(kind, frame, REFERENCE, random), data.quiet(kind, frame, QUIET, random)
    return _all(home, reference, batches)


def _delay(home: Path, shift: str, frame: pd.DataFrame, limits: dict[str, float]) -> tuple[str, ...]:
    random = np.random.default_rng([2, data.SHIFTS.index(shift)])
    reference, batches = data.quiet("days", frame, REFERENCE, random), data.quiet("days", frame, CHANGED, random)
    found = _all(home, reference, [data.shifted(shift, each, random) for each in batches])
    return (shift, *(_told([each["worst"] > limits[tool] for each in found[tool]["batches"]]) for tool in TOOLS))


def _told(seen: list[bool]) -> str:
    hits = [number for number, each in enumerate(seen) if each]
    if not hits:
        return f"> {CHANGED} (0 %)"
    waits = [min(hit for hit in hits if hit >= start) - start + 1 for start in range(hits[-1] + 1)]
    return f"{mean(waits):.1f} ({mean(seen):.0%})"


def _all(home: Path, reference: list[pd.DataFrame], batches: list[pd.DataFrame]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data.write(folder, reference, batches)
        return {
            tool: ours.run(folder) if tool == "gatehouse" else environment.run(home, tool, folder) for tool in TOOLS
        }
