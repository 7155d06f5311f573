"""F8-F21 by hypothesis: seeded, counted, with the memory of the process looked at, for as many examples as asked."""

from __future__ import annotations

import resource
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from faults import fuzz_models, fuzz_specs
from faults.fuzz_files import Delivery, csv_bytes, parquet_bytes
from faults.proven import Asked, Proven

SLOW = 20.0  # seconds that one example may take
ROUND = 1000  # examples drawn at a time: Hypothesis remembers all of a round, 35 KB each
GROWTH = 300 * 2**20  # bytes by which the peak of memory may rise


def fuzzed(asked: Asked) -> list[Proven]:
    """Every fuzzer with its share of the examples."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        delivery, folders, names = Delivery(root), fuzz_specs.Folders(root / "cases"), fuzz_specs.Names()
        models = fuzz_models.Models()
        parts: list[tuple[str, str, Any, Callable[[Any], None], Counter[str], float]] = [
            ("F14, F16, F21", "fuzzed CSV files", csv_bytes(), delivery.csv, delivery.seen, 0.3),
            ("F14, F16, F17", "fuzzed Parquet files", parquet_bytes(), delivery.parquet, delivery.seen, 0.2),
            ("F19", "fuzzed use-case folders", fuzz_specs.damaged(), folders.read, folders.seen, 0.2),
            ("F18, F19", "fuzzed keys and spans", fuzz_specs.names, names.read, names.seen, 0.2),
            ("F11, F20", "damaged model files", fuzz_models.damaged(), models.load, models.seen, 0.1),
        ]
        return [fuzz(*part[:5], round(part[5] * asked.examples), asked.seed) for part in parts]


def fuzz(
    case: str, what: str, strategy: Any, act: Callable[[Any], None], seen: Counter[str], examples: int, number: int
) -> Proven:
    """Act on so many examples of the strategy; `seen` counts what became of them."""
    found, tried, slowest, before = [], Counter[str](), [0.0], _peak()
    seen.clear()

    def example(value: Any) -> None:
        tried["examples"] += 1
        started = time.monotonic()
        act(value)
        slowest[0] = max(slowest[0], time.monotonic() - started)

    for first in range(0, examples, ROUND):
        try:
            _drawn(strategy, example, min(ROUND, examples - first), number + first)
        except BaseException:  # an exception group of every distinct failure, each with its smallest example
            found.append(traceback.format_exc()[-3000:])
            break
    if slowest[0] > SLOW:
        found.append(f"one example took {slowest[0]:.1f} s")
    if _peak() - before > GROWTH:
        found.append(f"the peak of memory rose by {(_peak() - before) / 2**20:.0f} MB")
    told = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(seen.items()))
    return Proven(case, f"{what}: {told}", tried["examples"], tuple(found), None, number)


def _drawn(strategy: Any, act: Callable[[Any], None], examples: int, number: int) -> None:
    limits = settings(
        max_examples=examples, database=None, deadline=None, suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink), report_multiple_bugs=True,
    )  # fmt: skip
    seed(number)(limits(given(strategy)(act)))()


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


__all__ = ["fuzzed", "st"]
