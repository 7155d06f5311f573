"""Tells the task's log of a fit that takes minutes: that it goes on, for how long, and how much memory it holds."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

log = logging.getLogger("gatehouse.use_case_code")
EVERY_SECONDS = 60.0


@contextmanager
def heartbeat(what: str, process: int | None, every: float = EVERY_SECONDS) -> Iterator[None]:
    """While the block runs, log every minute how long it has taken, and the memory of its process."""
    ended, started = Event(), time.monotonic()

    def tell() -> None:
        while not ended.wait(every):
            log.info("%s has run for %.0f s%s", what, time.monotonic() - started, _memory(process))

    teller = Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        ended.set()
        teller.join()


def _memory(process: int | None) -> str:
    """`; its process holds 312 MiB`; nothing where the system does not tell."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
        (held,) = (int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
    except (OSError, ValueError):
        return ""
    return f"; its process holds {held / 1024:,.0f} MiB"
