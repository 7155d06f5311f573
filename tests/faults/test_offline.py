"""The suite's trial without a network notices a test that fails there, and one that sends anything elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from faults.loopback import refused
from faults.offline import offline
from faults.proven import Asked

TESTS = """
import os
import socket
import pytest

KINDS = [(socket.AF_INET, "192.0.2.1")]
KINDS += [(socket.AF_INET6, "2001:db8::1")] if os.path.exists("/proc/net/if_inet6") else []

def test_of_this_machine():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()

@pytest.mark.parametrize("kind, address", KINDS)
def test_that_asks_elsewhere_and_says_nothing(kind, address):
    with socket.socket(kind, socket.SOCK_DGRAM) as asked, pytest.raises(OSError):
        asked.connect((address, 53))

def test_that_needs_the_world():
    socket.create_connection(("192.0.2.1", 80))

def test_skipped():
    pytest.skip("for a reason of its own")
"""


def test_whoever_needs_or_asks_another_machine_is_named(tmp_path: Path) -> None:
    """Of the tests that run where only the loopback is up, the one that fails and those that sent something (by IPv4, and by
    IPv6 where the kernel speaks it) are told, by name; the one that talks to this machine, and the skipped one, are not."""
    if reason := refused():
        pytest.skip(reason)
    file = tmp_path / "test_of_a_network.py"
    file.write_text(TESTS, encoding="utf-8")
    (row,) = offline(Asked(only=str(file)))
    failed, *sent = sorted(row.divergences, key=lambda told: "packets" in told)
    assert "::test_that_needs_the_world: OSError" in failed
    assert row.tried == 1 + len(sent)
    assert {line.split("::test_that_")[1].split("[")[0].split(":")[0] for line in sent} == {
        "asks_elsewhere_and_says_nothing",
        "needs_the_world",
    }
    assert "1 more skipped" in row.what
