"""F1 and F2: death at every write point, and two deaths in a row."""

from __future__ import annotations

import gc
import os
import pickle
import tempfile
from collections.abc import Callable
from functools import partial, reduce
from pathlib import Path

from faults import scenario
from faults.proven import Asked, Proven
from faults.scenario import STEPS
from faults.sweep import Sweep, Swept
from faults.worlds import in_children, worlds


def warm() -> None:
    """Import in the parent what every child would import for itself."""
    import great_expectations  # noqa: F401
    import mlflow.sklearn  # noqa: F401
    import pyarrow.parquet  # noqa: F401
    import sklearn.ensemble  # noqa: F401
    import skops.io  # noqa: F401

    gc.collect()
    gc.freeze()  # a collection in a child would write to, and so copy, all the memory that it shares


def singles(asked: Asked) -> list[Proven]:
    """A death at every write point of the scenario, or at every `asked.every`-th."""
    swept = _shared(asked, lambda sweep: sweep.singles(asked.every, asked.only))
    what = f"SIGKILL at every write point of {len(swept.by_step)} kinds of step" if asked.every == 1 else (
        f"SIGKILL at every {asked.every}th of {swept.points:,} write points"
    )  # fmt: skip
    return [Proven("F1", f"{what}, the step again", swept.tried, tuple(swept.divergences), swept.worst, asked.seed)]


def doubles(asked: Asked) -> list[Proven]:
    """A second death while the step is done again."""
    swept = _shared(asked, lambda sweep: sweep.doubles(asked.pairs))
    what = "SIGKILL at a write point, and at another of the recovery"
    return [Proven("F2", what, swept.tried, tuple(swept.divergences), swept.worst, asked.seed)]


def _shared(asked: Asked, act: Callable[[Sweep], Swept]) -> Swept:
    """One worker a core, each with the whole life in worlds of its own and its share of the deaths."""
    warm()
    workers = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder, worlds(Path(folder)) as made:

        def swept(worker: int) -> None:
            own = Path(folder) / f"worker_{worker}"
            scenario.make_use_cases(own / "cases")
            sweep = Sweep(made.below(own.name), own / "cases", asked.seed, STEPS[: asked.steps], worker, workers)
            (own / "swept.pickle").write_bytes(pickle.dumps(act(sweep)))

        ended = in_children([partial(swept, worker) for worker in range(workers)])
        assert not any(ended), f"a worker of the sweep ended with {ended}"
        found = [pickle.loads((Path(folder) / f"worker_{n}" / "swept.pickle").read_bytes()) for n in range(workers)]
    return reduce(Swept.with_share, found)
