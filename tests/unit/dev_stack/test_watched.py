"""A component under watch: what restarts it, what does not, and when."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatehouse.dev_stack.components import Component
from gatehouse.dev_stack.managed_component import DOUBLINGS, SICK_SECONDS, STARTING_SECONDS, ManagedComponent


def component(code: str) -> Component:
    """A component that runs a line of Python."""
    return Component("part", (sys.executable, "-c", code), dict(os.environ), lambda _started: True)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[ManagedComponent]:
    """A started component that would run for a minute."""
    found = ManagedComponent(component("import time; time.sleep(60)"), tmp_path / "part.log")
    found.start()
    yield found
    found.end()
    assert found.status.state == "stopped"


def test_what_has_died_waits_longer_before_each_restart(watched: ManagedComponent):
    """The first restart is immediate; after that the pause doubles, up to half a minute."""
    pauses = []
    for _ in range(7):
        assert watched.child is not None
        watched.child.kill()
        watched.child.wait()
        assert watched.has_died()
        watched.bury()
        pauses.append(round(watched.not_before - time.time()))
        watched.start()
    assert pauses == [0, 1, 3, 7, 15, 30, 30]
    assert watched.status.restarts == 7
    assert not watched.has_died()


def test_a_living_component_that_was_never_well_has_its_time_to_start(watched: ManagedComponent):
    """It is `starting` until it answers, and ended only when it has not for `STARTING_SECONDS`."""
    watched.note(False, watched.status.since + STARTING_SECONDS - 1)
    assert (watched.status.state, watched.has_died()) == ("starting", False)
    watched.note(False, watched.status.since + STARTING_SECONDS + 1)
    assert watched.has_died()


def test_a_component_that_was_well_and_stays_sick_is_ended(watched: ManagedComponent):
    """A short illness passes; `SICK_SECONDS` of it end the process, so that the next look restarts it."""
    now = watched.status.since + 10
    watched.note(True, now)
    watched.note(False, now + SICK_SECONDS - 1)
    assert (watched.status.state, watched.has_died()) == ("unhealthy", False)
    watched.note(True, now + SICK_SECONDS)
    watched.note(False, now + 2 * SICK_SECONDS - 1)
    assert not watched.has_died()
    watched.note(False, now + 2 * SICK_SECONDS + 1)
    assert watched.has_died()


def test_a_machine_that_is_too_slow_for_a_start_is_given_twice_the_time(watched: ManagedComponent):
    """Each start that took too long doubles the time of the next: a machine ten times slower has it up in the end."""
    for doubled in range(7):
        patience = STARTING_SECONDS * 2 ** min(doubled, DOUBLINGS)
        watched.note(False, watched.status.since + patience - 1)
        assert not watched.has_died()
        watched.note(False, watched.status.since + patience + 1)
        assert watched.has_died()
        watched.bury()
        watched.start()


def test_silence_of_the_one_who_knows_is_not_held_against_a_component(watched: ManagedComponent):
    """However long the api-server is away, the scheduler whose heartbeats it would show is left alone."""
    now = watched.status.since + 10
    watched.note(True, now)
    for minutes in range(1, 10):
        watched.note(None, now + 60 * minutes)
    assert (watched.status.state, watched.has_died()) == ("healthy", False)
    watched.note(False, now + 60 * 9 + 1)
    assert not watched.has_died()


def test_a_program_that_ends_by_itself_is_noticed_and_its_words_are_kept(tmp_path: Path):
    """What it printed before it died is in its log, readable by its owner only."""
    log = tmp_path / "part.log"
    watched = ManagedComponent(component("print('why I died')"), log)
    watched.start()
    assert watched.child is not None
    watched.child.wait()
    assert watched.has_died()
    assert "why I died" in log.read_text()
    assert log.stat().st_mode & 0o077 == 0
