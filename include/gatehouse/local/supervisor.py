"""The supervisor: one detached process that starts the components, watches their health and restarts what dies.

python -m gatehouse.local.supervisor HOME
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType

from gatehouse.errors import GatehouseError
from gatehouse.local import postgres, process
from gatehouse.local.components import Component, components, stack_environment
from gatehouse.local.home import Home, write_private

CHECK_SECONDS = 2.0
CHECK_SECONDS_SICK = 0.5
STARTING_SECONDS = 180.0
SICK_SECONDS = 60.0
LONGEST_BACKOFF = 30.0
GRACE = {"scheduler": 12.0, "postgres": 10.0}


@dataclass
class Status:
    """A component as `gatehouse status` shows it. `since` is when it was started, `well` when it was last healthy."""

    name: str
    address: str
    pid: int = 0
    state: str = "waiting"
    restarts: int = 0
    since: float = 0.0
    well: float = 0.0


@dataclass
class Watched:
    """A component with its process."""

    component: Component
    status: Status
    child: subprocess.Popen[bytes] | None = None
    not_before: float = 0.0
    was_well: bool = field(default=False)


class Supervisor:
    """Keeps the components of one home running until it is told to stop."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.stopping = False
        ports, (secrets, _) = home.ports(), home.credentials()
        write_private(home.airflow / "passwords.json", json.dumps(secrets["users"]))
        self.server = postgres.server_at(home.root / "postgres", ports["postgres"], secrets["roles"])
        self.environment = stack_environment(home, self.server, ports, secrets)
        parts = components(home, self.server, ports, secrets)
        self.watched = [Watched(part, Status(part.name, part.address)) for part in parts]
        self.problem = ""

    def run(self) -> None:
        """Start everything, then watch until SIGTERM."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        try:
            self._start(self.watched[0])
            postgres.wait_for(self.server, self.home.logs / "postgres.log")
            self._migrate()
            while not self.stopping:
                self._tend()
                self._write()
                self._pause()
        except Exception as error:
            traceback.print_exc()
            self.problem = str(error) if isinstance(error, GatehouseError) else f"{type(error).__name__}: {error}"
        finally:
            self._end_all()
            self._write()

    def _pause(self) -> None:
        """Wait for the next look: briefly while something is not healthy, and not at all when something has died."""
        well = all(watched.status.state == "healthy" for watched in self.watched)
        until = time.monotonic() + (CHECK_SECONDS if well else CHECK_SECONDS_SICK)
        while time.monotonic() < until and not self.stopping:
            if any(watched.child is not None and watched.child.poll() is not None for watched in self.watched):
                return
            time.sleep(0.1)

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self.stopping = True

    def _migrate(self) -> None:
        """Bring the ledger's and Airflow's databases to this version, side by side; MLflow's server does its own."""
        from gatehouse.adapters.ledger.migrate import upgrade

        postgres.prepare(self.server)
        airflow = [sys.executable, str(Path(sys.executable).parent / "airflow"), "db", "migrate"]
        child = process.start(airflow, self.home.logs / "airflow-migrate.log", self.environment)
        self._start(self.watched[1])
        upgrade(self.server.url("ledger", "ledger_owner"), "ledger")
        if child.wait():
            tail = (self.home.logs / "airflow-migrate.log").read_text(errors="replace")[-500:]
            raise GatehouseError(f"`airflow db migrate` failed: {tail}")

    def _tend(self) -> None:
        well = {watched.status.name for watched in self.watched if watched.status.state == "healthy"}
        with ThreadPoolExecutor(len(self.watched)) as pool:
            answers = list(pool.map(lambda watched: watched.component.healthy(watched.status.since), self.watched))
        for watched, healthy in zip(self.watched, answers, strict=True):
            if watched.child is None or watched.child.poll() is not None:
                self._revive(watched, well)
            else:
                self._note(watched, healthy)

    def _revive(self, watched: Watched, well: set[str]) -> None:
        """Start what has not started yet and restart what has died: at once the first time, later each time after."""
        now = time.time()
        if watched.child is not None:
            watched.status.state, watched.status.restarts = "restarting", watched.status.restarts + 1
            self._write()
            process.end(watched.child.pid, grace=2)
            watched.child = None
            watched.not_before = now + min(2.0 ** min(watched.status.restarts - 1, 5) - 1, LONGEST_BACKOFF)
        if now >= watched.not_before and set(watched.component.needs) <= well:
            self._start(watched)

    def _start(self, watched: Watched) -> None:
        part = watched.component
        log = self.home.logs / f"{part.name}.log"
        watched.child = process.start(part.command, log, part.environment, part.user, part.stop)
        watched.was_well = False
        watched.status.pid, watched.status.since, watched.status.state = watched.child.pid, time.time(), "starting"

    def _note(self, watched: Watched, healthy: bool | None) -> None:
        """Remember health; what has been sick for long is ended, and so restarted by the next look.

        Nothing is held against a component while the one that knows of its health does not answer.
        """
        status, now = watched.status, time.time()
        if healthy:
            status.state, status.well, watched.was_well = "healthy", now, True
            return
        if healthy is None:
            status.well = max(status.well, now) if watched.was_well else status.well
            return
        patience = SICK_SECONDS if watched.was_well else STARTING_SECONDS
        status.state = "unhealthy" if watched.was_well else "starting"
        if now - max(status.well, status.since) > patience and watched.child is not None:
            process.end(watched.child.pid, grace=5, stop=watched.component.stop)

    def _end_all(self) -> None:
        """End everything in the opposite order of its start, then what slipped away with the stack's mark."""
        for watched in reversed(self.watched[1:]):
            self._end(watched)
        process.end_marked(self.home.mark, grace=2, spare={self.watched[0].status.pid})
        self._end(self.watched[0])

    def _end(self, watched: Watched) -> None:
        if watched.child is not None:
            process.end(watched.child.pid, GRACE.get(watched.status.name, 6.0), watched.component.stop)
            watched.child.wait()
        watched.status.state, watched.status.pid = "stopped", 0

    def _write(self) -> None:
        document = {
            "supervisor": os.getpid(),
            "written": time.time(),
            "problem": self.problem,
            "components": [asdict(watched.status) for watched in self.watched],
        }
        write_private(self.home.state, json.dumps(document))


def main(home: Path) -> None:
    """Hold the home's lock for as long as the stack runs: there is never a second supervisor."""
    os.umask(0o077)
    place = Home(home).prepare()
    with place.lock.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        process.end_marked(place.mark)
        Supervisor(place).run()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
