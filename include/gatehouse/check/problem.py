"""A problem: what would fail, where, what was found, what is allowed, who changes it, and what would go on working."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gatehouse.errors import GatehouseError, MultipleFaultsError
from gatehouse.model_code import place_of
from gatehouse.user_code import DATA_ENGINEER, DATA_SCIENTIST, RISK_OWNER, described
from gatehouse.yaml_loader import line_of

Severity = Literal["error", "hint"]
Step = Literal[
    "files",
    "source",
    "contract",
    "features",
    "weights",
    "target",
    "outcomes",
    "estimators",
    "metrics",
    "gate",
    "retrain",
]
FILES: dict[Step, str] = {
    "source": "contract.yaml", "contract": "contract.yaml", "features": "model.py", "weights": "model.py",
    "target": "model.py",
    "outcomes": "contract.yaml", "estimators": "model.py", "metrics": "model.py", "gate": "gate.yaml",
    "retrain": "retrain.yaml",
}  # fmt: skip
OWNERS = {
    "contract.yaml": DATA_ENGINEER, "model.py": DATA_SCIENTIST, "retrain.yaml": DATA_SCIENTIST, "gate.yaml": RISK_OWNER,
}  # fmt: skip
GOES_ON: dict[Step, str] = {
    "files": "nothing of this use case until the file is corrected; all other use cases",
    "source": "the batches that the source can deliver",
    "contract": "the batches that keep the contract; this one waits in quarantine",
    "features": "landing and validation; no batch is scored and no model is trained",
    "weights": "landing, validation and scoring; no model is trained or measured",
    "target": "landing, validation and scoring; no model is trained or measured",
    "outcomes": "landing, validation and scoring; rows without an outcome train and measure nothing",
    "estimators": "the other estimators",
    "metrics": "everything that does not name this metric",
    "gate": "scoring and training; while the rule is enforced, no challenger is promoted",
    "retrain": "landing, validation and scoring",
}
NAMES: dict[Step, str] = {
    "features": "features", "weights": "weights", "target": "target", "estimators": "estimators", "metrics": "METRICS",
}  # fmt: skip
_LINE = re.compile(r"(?P<file>.*?\.\w+):(?P<line>\d+)")
_NUMBERS = re.compile(r"[\d.,%-]+")
_PLACE = re.compile(r"(?P<file>[^:]+\.yaml): (?P<key>[\w.\[\]]+)")


@dataclass(frozen=True)
class Problem:
    """One thing that would fail (`error`) or that looks like a mistake (`hint`)."""

    step: Step
    what: str
    where: str
    found: str = ""
    allowed: str = ""
    owner: str = ""
    severity: Severity = "error"

    @property
    def line(self) -> int | None:
        """The line of the file, where it is known."""
        place = _LINE.match(self.where)
        return int(place["line"]) if place else None

    @property
    def file(self) -> str:
        """The file to change."""
        place = _LINE.match(self.where)
        return place["file"] if place else self.where.partition(": ")[0]

    @property
    def goes_on(self) -> str:
        """What works all the same."""
        return GOES_ON[self.step] if self.severity == "error" else "everything"


class Problems:
    """The problems of a use case, each once, in the order in which they were found."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._found: dict[tuple[str, str, str], Problem] = {}

    @property
    def found(self) -> tuple[Problem, ...]:
        """Errors first."""
        return tuple(sorted(self._found.values(), key=lambda problem: problem.severity != "error"))

    def hint(self, step: Step, what: str, found: str = "", allowed: str = "", file: str = "") -> None:
        """Keep what looks like a mistake and fails nothing."""
        where = self._folder / (file or FILES[step])
        self._keep(Problem(step, what, str(where), found, allowed, OWNERS[where.name], "hint"), found)

    def report(self, step: Step, what: str, found: str = "", allowed: str = "", where: str = "") -> None:
        """Keep what would fail; without a place it is that of the step's file."""
        place = _with_line(where, self._folder) or self._place(step)
        self._keep(Problem(step, what, place, found, allowed, OWNERS[FILES[step]]), found)

    def error(self, step: Step, error: BaseException) -> None:
        """Keep what was raised; errors without a place or an owner get those of the step's file."""
        for fault in error.faults if isinstance(error, MultipleFaultsError) else (error,):
            self._keep(self._problem(step, fault))

    @contextmanager
    def during(self, step: Step) -> Iterator[None]:
        """Keep what the block raises, and go on after it."""
        try:
            yield
        except (Exception, SystemExit) as error:
            self.error(step, error)

    def _problem(self, step: Step, error: BaseException) -> Problem:
        if not isinstance(error, GatehouseError):
            return Problem(step, described(error), self._place(step), owner=OWNERS.get(FILES.get(step, ""), ""))
        where = _with_line(error.where, self._folder) or self._place(step)
        owner = error.owner or OWNERS.get(Path(where.partition(":")[0]).name, "")
        return Problem(step, error.what, where, error.found, error.allowed, owner)

    def _place(self, step: Step) -> str:
        """The file of a step, with the line of the function or name that the step is about."""
        file = self._folder / FILES.get(step, "")
        return place_of(file, NAMES[step]) if step in NAMES else str(file)

    def _keep(self, problem: Problem, found: str = "") -> None:
        """Keep a problem, unless the same is known of another batch: its numbers may differ."""
        key = problem.where, _NUMBERS.sub("", problem.what), _NUMBERS.sub("", found)
        self._found.setdefault(key, problem)


def _with_line(where: str, folder: Path) -> str:
    """`gate.yaml: rules.3 (parity)` with the line of that key."""
    place = _PLACE.match(where)
    if place is None:
        return where
    path = folder / place["file"]
    steps = [int(step) if step.isdigit() else step for step in re.split(r"[.\[\]]+", place["key"]) if step]
    return f"{path}:{line_of(path, steps)}: {where[place.start('key') :]}" if path.is_file() else where
