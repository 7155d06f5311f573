"""Commands that start or end the same stack at once take turns, and each says what it waits for."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gatehouse.dev_stack import stack
from gatehouse.dev_stack.stack_dir import StackDirectory
from gatehouse.errors import GatehouseError

# It stands in for the supervisor, and is known by the end of its command line: a start takes a while, an end too.
STAND_IN = """
import json, os, signal, sys, time
from pathlib import Path

state = Path(sys.argv[2]) / "state.json"

def write(word):
    part = {"name": "part", "state": word, "restarts": 0}
    state.with_suffix(".new").write_text(json.dumps({"supervisor": os.getpid(), "components": [part]}))
    state.with_suffix(".new").rename(state)

def stop(*_):
    time.sleep(END)
    write("stopped")
    sys.exit()

signal.signal(signal.SIGTERM, stop)
(state.parent / "starts").open("a").write("1")
(state.parent / "ports.json").write_text('{"postgres": 1, "mlflow": 2, "airflow": 3, "scheduler-health": 4}')
write("starting")
time.sleep(START)
write(LAST)
time.sleep(60)
"""


class Stacks:
    """A home whose supervisor is the stand-in."""

    def __init__(self, home: StackDirectory) -> None:
        self.home, self.start, self.end, self.last = home, 1.0, 0.5, "healthy"
        self.supervisors: list[subprocess.Popen[bytes]] = []

    def launch(self, home: StackDirectory) -> None:
        """What `gatehouse dev up` starts."""
        home.state.unlink(missing_ok=True)
        code = STAND_IN.replace("START", str(self.start)).replace("END", str(self.end)).replace("LAST", repr(self.last))
        command = [sys.executable, "-c", code, "gatehouse.dev_stack.supervisor", str(home.root)]
        self.supervisors.append(subprocess.Popen(command))

    @property
    def starts(self) -> int:
        """How many supervisors were started."""
        return len((self.home.root / "starts").read_text())


class Command(threading.Thread):
    """A command in another terminal: what it said, and how it ended."""

    def __init__(self, act: Any, home: StackDirectory) -> None:
        super().__init__()
        self.act, self.home, self.told = act, home, list[str]()
        self.result: Any = None
        self.error: Exception | None = None
        self.start()

    def run(self) -> None:
        """Carry it out."""
        try:
            self.result = self.act(self.home, self.told.append)
        except Exception as error:
            self.error = error

    def ended(self) -> Command:
        """Wait for its end."""
        self.join(60)
        assert not self.is_alive()
        return self


@pytest.fixture
def stacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stacks]:
    """A home of its own; its supervisors end with the test."""
    made = Stacks(StackDirectory(tmp_path / "home").prepare())
    monkeypatch.setattr(stack, "_start_supervisor", made.launch)
    yield made
    for supervisor in made.supervisors:
        supervisor.kill()
        supervisor.wait()


def test_the_second_start_waits_for_the_first(stacks: Stacks) -> None:
    """One supervisor is started, both commands end well, and those that wait say why."""
    commands = [Command(stack.up, stacks.home) for _ in range(4)]
    for command in commands:
        assert command.ended().error is None
    assert stacks.starts == 1
    assert [command.result.airflow_url for command in commands] == ["http://127.0.0.1:3"] * 4
    assert sum("starting PostgreSQL" in line for command in commands for line in command.told) == 1
    assert sum("another command is starting" in " ".join(command.told) for command in commands) == 3


def test_a_start_during_an_end_waits_for_it_and_starts_anew(stacks: Stacks) -> None:
    """What the first stack leaves behind is ended before the second begins."""
    stack.up(stacks.home)
    stacks.end = 1.0
    ending = Command(stack.down, stacks.home)
    assert _waits_for_its_turn(ending)
    starting = Command(stack.up, stacks.home)
    assert ending.ended().result is True
    assert starting.ended().error is None
    assert stacks.starts == 2
    assert stack.status(stacks.home)["up"]


def test_an_end_during_a_start_ends_it_and_the_start_says_so(stacks: Stacks) -> None:
    """The start ends with one sentence, not with the log of a healthy component."""
    stacks.start = 30.0
    starting = Command(stack.up, stacks.home)
    while not stack.status(stacks.home)["components"]:
        assert starting.is_alive()
    assert stack.down(stacks.home) is True
    error = starting.ended().error
    assert isinstance(error, GatehouseError)
    assert str(error).startswith("the stack was ended while it was starting, by `gatehouse dev down`")
    assert "\n" not in str(error)


def test_two_ends_at_once_both_end_well(stacks: Stacks) -> None:
    """The second finds nothing left to end."""
    stack.up(stacks.home)
    ends = [Command(stack.down, stacks.home) for _ in range(2)]
    assert sorted(end.ended().result for end in ends) == [False, True]
    assert stack.down(StackDirectory(stacks.home.root / "never made")) is False


def test_a_slow_start_is_waited_for_and_told(stacks: Stacks, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long it takes, as long as the supervisor lives; a line from time to time names what is waited for."""
    monkeypatch.setattr(stack, "TOLD_SECONDS", 0.2)
    stacks.start = 3.0
    told: list[str] = []
    stack.up(stacks.home, told.append)
    assert told.count("waiting for part ...") >= 2


def test_what_an_earlier_supervisor_wrote_is_not_believed(stacks: Stacks) -> None:
    """The state's file says which process wrote it: one that a crash left behind shows no stack that is up."""
    stack.up(stacks.home)
    stacks.supervisors[0].kill()
    stacks.supervisors[0].wait()
    assert not stack.status(stacks.home)["up"]
    stacks.supervisors.append(
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", *_name(stacks.home)])
    )
    now = stack.status(stacks.home)
    assert (now["running"], now["up"]) == (True, False)


def _name(home: StackDirectory) -> list[str]:
    return ["gatehouse.dev_stack.supervisor", str(home.root)]


def _waits_for_its_turn(command: Command) -> bool:
    """Whether a command has begun and holds the lock."""
    command.join(0.5)
    return command.is_alive()
