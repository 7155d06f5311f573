"""A component under watch: started, looked at, restarted when it has died or has been sick for long, ended."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from gatehouse.dev_stack import process
from gatehouse.dev_stack.components import Component

STARTING_SECONDS = 180.0
SICK_SECONDS = 60.0
DOUBLINGS = 5  # of both, one each time that they were over: on a slow machine they are soon long enough
LONGEST_BACKOFF = 30.0
GRACE = {"scheduler": 12.0, "triggerer": 2.0, "postgres": 10.0}  # a trigger that is cut off begins again


@dataclass
class ComponentStatus:
    """A component as `gatehouse dev status` shows it. `since` is when it was started, `well` when it was last healthy."""

    name: str
    address: str
    pid: int = 0
    state: str = "waiting"
    restarts: int = 0
    since: float = 0.0
    well: float = 0.0


@dataclass
class ManagedComponent:
    """A component with its process. Times are seconds since 1970."""

    component: Component
    log: Path
    status: ComponentStatus = field(init=False)
    child: subprocess.Popen[bytes] | None = None
    not_before: float = 0.0
    was_well: bool = False
    given_up: int = 0  # how often it was ended because it was not healthy in time

    def __post_init__(self) -> None:
        self.status = ComponentStatus(self.component.name, self.component.address)

    def start(self) -> None:
        """Start the program; its output goes to the end of its log."""
        part = self.component
        self.child = process.start(part.command, self.log, part.environment, part.user, part.stop)
        self.was_well = False
        self.status.pid, self.status.since, self.status.state = self.child.pid, time.time(), "starting"

    def has_died(self) -> bool:
        """Whether its process was started and has ended."""
        return self.child is not None and self.child.poll() is not None

    def bury(self) -> None:
        """End what a dead process left of its session, and settle when it may start again: later each time."""
        if self.child is None:
            return
        process.end(self.child.pid, grace=2)
        self.child, self.status.pid, self.status.state = None, 0, "restarting"
        self.not_before = time.time() + min(2.0**self.status.restarts - 1, LONGEST_BACKOFF)
        self.status.restarts += 1

    def note(self, healthy: bool | None, now: float) -> None:
        """Remember what a look found, and end what has been sick for too long; the next look restarts it.

        None says that whoever knows of its health does not answer: that is not held against the component.
        """
        status = self.status
        if healthy:
            status.state, status.well, self.was_well = "healthy", now, True
        elif healthy is None:
            status.well = now if self.was_well else status.well
        else:
            status.state = "unhealthy" if self.was_well else "starting"
            patience = (SICK_SECONDS if self.was_well else STARTING_SECONDS) * 2 ** min(self.given_up, DOUBLINGS)
            if now - max(status.well, status.since) > patience:
                self.given_up += 1
                self._stop(grace=5)

    def end(self) -> None:
        """End it for good."""
        self._stop(GRACE.get(self.status.name, 6.0))
        self.status.state, self.status.pid = "stopped", 0

    def _stop(self, grace: float) -> None:
        if self.child is not None:
            process.end(self.child.pid, grace, self.component.stop)
            self.child.wait()
