"""How a server runs: addresses and limits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ServingOptions:
    """The limits of a server.

    Args:
        host: the address to bind; one that others reach needs tokens.
        port: the port.
        max_body_mib: a larger request is refused with 413.
        timeout: seconds until a request is answered with 504.
        rate: requests a second of one caller, 429 beyond; 0 is no limit.
        log_every: seconds between the files of answers in the lake; 0 keeps no log.
        stop_within: seconds that requests have to end when the server stops.
    """

    host: str = "127.0.0.1"
    port: int = 8090
    max_body_mib: float = 16.0
    timeout: float = 10.0
    rate: float = 0.0
    log_every: float = 10.0
    stop_within: float = 30.0

    @property
    def max_body(self) -> int:
        """In bytes."""
        return int(self.max_body_mib * 2**20)
