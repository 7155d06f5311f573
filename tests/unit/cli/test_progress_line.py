"""The line on standard error while a person waits."""

from __future__ import annotations

import io
import time

import pytest

from gatehouse.backtest.progress import Phase, Progress, Steps
from gatehouse.cli.progress import CLEAR, progress_line, sentence


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def told_for(stream: io.StringIO, seconds: float, due: float) -> str:
    """What is printed in so many seconds, a line being due every `due` ones."""
    with progress_line(stream, due) as tell:
        tell(Progress(Phase.REPLAY, 1, 3, "2020-01"))
        time.sleep(seconds)
    return stream.getvalue()


def test_elsewhere_than_on_a_terminal_each_line_is_a_line() -> None:
    """A log keeps them: no control characters, one line each time that one is due, also while a step takes long."""
    written = told_for(io.StringIO(), 0.5, 0.1)
    assert CLEAR not in written
    assert 2 <= written.count("\n") <= 5
    assert all("1 of 3 batches replayed (2020-01)" in line for line in written.splitlines())


def test_on_a_terminal_the_line_is_replaced_and_gone_at_the_end() -> None:
    """One line in place; nothing of it is left before the result."""
    written = told_for(Terminal(), 0.3, 0.1)
    assert "\n" not in written
    assert written.endswith(CLEAR)


def test_what_ends_before_a_line_is_due_prints_nothing() -> None:
    """A quick backtest in a script stays silent."""
    assert told_for(io.StringIO(), 0.0, 10.0) == ""


def test_a_reader_that_is_gone_ends_nothing() -> None:
    """The result matters more than the progress."""

    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    assert told_for(Closed(), 0.2, 0.05) == ""


@pytest.mark.parametrize(
    ("progress", "in_phase", "says"),
    [
        (Progress(Phase.REPLAY, 0, 12), 9.0, "[  42 s] 0 of 12 batches replayed"),
        (
            Progress(Phase.REPLAY, 4, 12, "2013-04", 1),
            40.0,
            "[  42 s] 4 of 12 batches replayed (2013-04), about 80 s left for these; 1 error so far",
        ),
        (
            Progress(Phase.WHAT_IFS, 6, 6, "fixed window, 2013-12"),
            8.0,
            "[  42 s] 6 of 6 batches taken through the what-ifs (fixed window, 2013-12)",
        ),
    ],
)
def test_the_sentence_counts_and_estimates_by_the_pace_of_its_phase(
    progress: Progress, in_phase: float, says: str
) -> None:
    """Nothing is estimated before the first step, and nothing is left after the last."""
    assert sentence(progress, 42.0, in_phase) == says


def test_steps_are_counted_with_their_errors() -> None:
    """From none to all, in their order."""
    told: list[Progress] = []
    steps = Steps(Phase.REPLAY, 2, told.append)
    steps.done("2020-01", 1)
    steps.done("2020-02")
    assert [(each.done, each.total, each.what, each.errors) for each in told] == [
        (0, 2, "", 0),
        (1, 2, "2020-01", 1),
        (2, 2, "2020-02", 1),
    ]
