"""The supervisor: one detached process that starts the components, watches their health and restarts what dies.

python -m gatehouse.dev_stack.supervisor HOME
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from types import FrameType

from gatehouse.dev_stack import postgres, process
from gatehouse.dev_stack.components import components, stack_environment
from gatehouse.dev_stack.managed_component import ManagedComponent
from gatehouse.dev_stack.stack_dir import StackDirectory, write_private
from gatehouse.errors import GatehouseError

CHECK_SECONDS = 2.0
CHECK_SECONDS_SICK = 0.5


class Supervisor:
    """Keeps the components of one home running until it is told to stop."""

    def __init__(self, home: StackDirectory) -> None:
        self.home = home
        self.stopping = False
        self.problem = ""
        signal.signal(signal.SIGTERM, self._stop)  # from here on: a first start takes its time to make the cluster
        signal.signal(signal.SIGINT, self._stop)
        ports, (secrets, _) = home.ports(), home.credentials()
        write_private(home.airflow / "passwords.json", json.dumps(secrets["users"]))
        self.server = postgres.server_at(home.root / "postgres", ports["postgres"], secrets["roles"])
        self.environment = stack_environment(home, self.server, ports, secrets)
        parts = components(home, self.server, ports, secrets)
        self.watched = [ManagedComponent(part, home.logs / f"{part.name}.log") for part in parts]

    def run(self) -> None:
        """Start everything, then watch until SIGTERM."""
        try:
            self._write()
            self.watched[0].start()
            self._await_postgres()
            if not self.stopping:
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

    def _await_postgres(self) -> None:
        """Wait until the server answers, for as long as it lives: a recovery takes its time on a slow disk."""
        log = self.home.logs / "postgres.log"
        while not self.stopping and not self.server.healthy():
            if self.watched[0].has_died():
                tail = log.read_text(errors="replace")[-500:]
                raise GatehouseError(f"PostgreSQL on 127.0.0.1:{self.server.port} ended at its start: {tail}")
            time.sleep(0.05)

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self.stopping = True

    def _migrate(self) -> None:
        """Bring the ledger's and Airflow's databases to this version, side by side; MLflow's server does its own."""
        from gatehouse.adapters.ledger.migrate import upgrade

        postgres.prepare(self.server)
        airflow = [sys.executable, str(Path(sys.executable).parent / "airflow"), "db", "migrate"]
        child = process.start(airflow, self.home.logs / "airflow-migrate.log", self.environment)
        self.watched[1].start()
        upgrade(self.server.url("ledger", "ledger_owner"), "ledger")
        while child.poll() is None and not self.stopping:
            time.sleep(0.1)
        if child.returncode:
            tail = (self.home.logs / "airflow-migrate.log").read_text(errors="replace")[-500:]
            raise GatehouseError(f"`airflow db migrate` failed: {tail}")

    def _tend(self) -> None:
        """Look at every component once: note the health of the living, restart the dead, start what may start now."""
        well = {watched.status.name for watched in self.watched if watched.status.state == "healthy"}
        with ThreadPoolExecutor(len(self.watched)) as pool:
            answers = list(pool.map(lambda watched: watched.component.healthy(watched.status.since), self.watched))
        for watched, healthy in zip(self.watched, answers, strict=True):
            if watched.has_died():
                watched.status.state = "restarting"
                self._write()
                watched.bury()
            if watched.child is not None:
                watched.note(healthy, time.time())
            elif time.time() >= watched.not_before and set(watched.component.needs) <= well:
                watched.start()

    def _pause(self) -> None:
        """Wait for the next look: briefly while something is not healthy, and not at all when something has died."""
        well = all(watched.status.state == "healthy" for watched in self.watched)
        until = time.monotonic() + (CHECK_SECONDS if well else CHECK_SECONDS_SICK)
        while time.monotonic() < until and not self.stopping:
            if any(watched.has_died() for watched in self.watched):
                return
            time.sleep(0.1)

    def _end_all(self) -> None:
        """End what runs tasks while the api-server still hears their reports, then the servers, then what slipped away
        with the stack's mark, and PostgreSQL last."""
        database, *others = self.watched
        servers = [watched for watched in others if watched.component.address]
        workers = [watched for watched in others if not watched.component.address]
        for together in (workers, servers):
            with ThreadPoolExecutor(len(self.watched)) as pool:
                list(pool.map(ManagedComponent.end, together))
        process.stop_tagged(self.home.mark, grace=2, spare={database.status.pid})
        database.end()

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
    place = StackDirectory(home).prepare()
    with place.lock.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SystemExit(f"another supervisor runs the stack of {home}; `gatehouse dev status` shows it") from None
        process.stop_tagged(place.mark)
        Supervisor(place).run()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
