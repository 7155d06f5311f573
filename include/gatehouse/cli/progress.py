"""A line on standard error for a person who waits: in place on a terminal, else a new line every ten seconds."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, TextIO

from gatehouse.formatting import shown

if TYPE_CHECKING:
    from gatehouse.backtest.progress import Progress, Told

TERMINAL_SECONDS = 1.0  # between two lines
FILE_SECONDS = 10.0
CLEAR = "\r\x1b[2K"


@contextmanager
def progress_line(stream: TextIO | None = None, seconds: float | None = None) -> Iterator[Told]:
    """Show what the block tells, until it ends; nothing where it ends before the first line is due."""
    line = _Line(stream or sys.stderr, seconds)
    try:
        yield line.tell
    finally:
        line.end()


class _Line:
    """The newest progress, printed by a thread of its own: a step may take longer than a line is due."""

    def __init__(self, stream: TextIO, seconds: float | None) -> None:
        self._stream, self._in_place = stream, stream.isatty()
        self._seconds = seconds or (TERMINAL_SECONDS if self._in_place else FILE_SECONDS)
        self._started = self._phase_started = time.monotonic()
        self._newest: Progress | None = None
        self._alone, self._over = Lock(), Event()
        self._thread = Thread(target=self._show, daemon=True)
        self._thread.start()

    def tell(self, progress: Progress) -> None:
        """Take the newest progress; the first of a phase starts the phase's clock."""
        with self._alone:
            if self._newest is None or self._newest.phase != progress.phase:
                self._phase_started = time.monotonic()
            self._newest = progress

    def end(self) -> None:
        """Print nothing more, and leave a terminal's line empty."""
        self._over.set()
        self._thread.join()
        if self._in_place:
            self._write(CLEAR)

    def _show(self) -> None:
        while not self._over.wait(self._seconds):
            with self._alone:
                newest, now = self._newest, time.monotonic()
                text = sentence(newest, now - self._started, now - self._phase_started) if newest else ""
            if text and self._in_place:
                self._write(f"{CLEAR}{text[: shutil.get_terminal_size().columns - 1]}")
            elif text:
                self._write(f"{text}\n")

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):  # nobody reads it any more: that is no reason to stop
            self._over.set()


def sentence(progress: Progress, elapsed: float, in_phase: float) -> str:
    """`[  42 s] 5 of 12 batches replayed (2013-05), about 60 s left for these; 1 error so far`."""
    last = f" ({progress.what})" if progress.what else ""
    left = progress.seconds_left(in_phase)
    about = "" if not left else f", about {shown(left, '.0f')} s left for these"
    errors = f"; {progress.errors} error{'s' if progress.errors > 1 else ''} so far" if progress.errors else ""
    return f"[{elapsed:4.0f} s] {progress.done} of {progress.total} {progress.phase}{last}{about}{errors}"
