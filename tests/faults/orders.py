"""Orders to the tasks of a planted Airflow, and what they have told of themselves (planted/airflow_local_settings.py)."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

PLANTED = Path(__file__).parent / "planted" / "airflow_local_settings.py"  # carries out orders
SLOW = PLANTED.parent / "slow" / PLANTED.name  # makes every task ten times slower


@dataclass(frozen=True)
class Told:
    """One line of the log: when which task (`DAG.TASK`, or `DAG.TASK[NUMBER]`) told what, in which process."""

    at: float
    process: str
    task: str
    what: str


def plant(airflow: Path, planted: Path = PLANTED) -> None:
    """Make the home of an Airflow that carries out orders, or runs slowly."""
    (airflow / "orders").mkdir(parents=True)
    (airflow / "config").mkdir()
    shutil.copy(planted, airflow / "config")


class Orders:
    """The folder that both sides look into."""

    def __init__(self, airflow: Path) -> None:
        self._folder = airflow / "orders"
        self.no_events = self._folder / "no-events"

    def give(self, task: str, boundary: str, what: str) -> None:
        """To the next process of the task that comes to the boundary: `die`, `orphan` or `freeze`."""
        (self._folder / f"{task}.{boundary}").write_text(what, encoding="utf-8")

    def withdraw(self) -> None:
        """Take back what nobody came to carry out: not every task has every boundary."""
        for order in self._folder.glob("*__*"):
            order.unlink()

    def log(self) -> list[Told]:
        """All that was told, in the order of telling."""
        path = self._folder / "log"
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        return [
            Told(float(at), process, task, what) for at, process, task, what in (line.split(" ", 3) for line in lines)
        ]

    def told(self, what: str) -> list[Told]:
        """Who told this."""
        return [each for each in self.log() if each.what == what]

    def again(self, one: Told) -> float:
        """Seconds until the task began the next time."""
        later = [each.at - one.at for each in self.told("started") if each.task == one.task and each.at > one.at]
        return min(later, default=float("inf"))

    def since(self, one: Told) -> list[str]:
        """What the same process has told since then."""
        return [each.what for each in self.log() if each.process == one.process and each.at > one.at]
