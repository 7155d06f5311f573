"""What the code of a use case prints goes to the task's log: with its name, cut, and no more than is of use."""

from __future__ import annotations

import logging
from collections import deque
from threading import Thread
from typing import IO

log = logging.getLogger("gatehouse.use_case_code")
MOST_LINES, MOST_CHARACTERS, LAST = 1_000, 500, 5


class Output:
    """Reads what a process prints until it ends; `last` are its newest lines."""

    def __init__(self, name: str, stream: IO[bytes]) -> None:
        self.last: deque[str] = deque(maxlen=LAST)
        self._name, self._stream = name, stream
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def ended(self) -> None:
        """Wait a moment for the last lines of a process that has ended."""
        self._reader.join(timeout=1)

    def _read(self) -> None:
        lines = 0
        with self._stream as stream:
            while line := stream.readline(MOST_CHARACTERS):
                text = line.decode("utf-8", "replace").rstrip()
                self.last.append(text)
                lines += 1
                if lines <= MOST_LINES and text:
                    log.info("%s: %s", self._name, text)
                elif lines == MOST_LINES + 1:
                    log.warning("%s: it prints more than %d lines; the rest is left out", self._name, MOST_LINES)
