"""F1 and F2: death at every write point, and two deaths in a row."""

from __future__ import annotations

import tempfile
from pathlib import Path

from faults import scenario
from faults.proven import Asked, Proven
from faults.scenario import STEPS
from faults.sweep import Sweep
from faults.worlds import Worlds, worlds


def warm() -> None:
    """Import in the parent what every child would import for itself."""
    import great_expectations  # noqa: F401
    import mlflow.sklearn  # noqa: F401
    import pyarrow.parquet  # noqa: F401
    import sklearn.ensemble  # noqa: F401
    import skops.io  # noqa: F401


def singles(asked: Asked) -> list[Proven]:
    """A death at every write point of the scenario, or at every `asked.every`-th."""
    with tempfile.TemporaryDirectory() as folder, worlds(Path(folder)) as made:
        swept = _sweep(made, Path(folder), asked).singles(asked.every, asked.only)
    what = f"SIGKILL at every write point of {len(swept.by_step)} steps" if asked.every == 1 else (
        f"SIGKILL at every {asked.every}th of {swept.points:,} write points"
    )  # fmt: skip
    return [Proven("F1", f"{what}, the step again", swept.tried, tuple(swept.divergences), swept.worst, asked.seed)]


def doubles(asked: Asked) -> list[Proven]:
    """A second death while the step is done again."""
    with tempfile.TemporaryDirectory() as folder, worlds(Path(folder)) as made:
        swept = _sweep(made, Path(folder), asked).doubles(asked.pairs)
    what = "SIGKILL at a write point, and at another of the recovery"
    return [Proven("F2", what, swept.tried, tuple(swept.divergences), swept.worst, asked.seed)]


def _sweep(made: Worlds, folder: Path, asked: Asked) -> Sweep:
    warm()
    scenario.make_use_cases(folder / "cases")
    return Sweep(made, folder / "cases", asked.seed, STEPS[: asked.steps])
