"""A network that has the loopback alone, for a command: `python -m faults.loopback COMMAND ...`. Linux only.

The kernel counts what is sent to anywhere else, whichever process or library sends it: OutNoRoutes of the network's
namespace (RFC 4293, ipSystemStatsOutNoRoutes; proc(5), /proc/net/snmp).
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from gatehouse.settings import ROOT

_NEW_USERS, _NEW_NETWORK = 0x10000000, 0x40000000  # unshare(2)
_SET_FLAGS, _SET_ADDRESS, _UP = 0x8914, 0x8916, 0x1  # netdevice(7): SIOCSIFFLAGS, SIOCSIFADDR, IFF_UP
# Before most connections Chromium asks the kernel for a route to this address, and sends nothing there.
_PROBED = "2001:4860:4860::8888"
_ROOMS = ("include", "plugins", "tests")


def alone(command: Sequence[str], variables: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """The command, run to its end in such a network."""
    environment = {
        **os.environ,
        **(variables or {}),
        "PYTHONPATH": os.pathsep.join(str(ROOT / room) for room in _ROOMS),
    }
    inside = [sys.executable, "-m", "faults.loopback", *command]
    return subprocess.run(inside, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def refused() -> str:
    """Why this machine allows no such network; empty where it does."""
    return "".join(alone([sys.executable, "-c", ""]).stderr.splitlines()[-1:])


def sent_away() -> int:
    """How many packets of this process's network were for an address that no route leads to."""
    names, values = (line.split() for line in Path("/proc/net/snmp").read_text(encoding="ascii").splitlines()[:2])
    count, newer = int(values[names.index("OutNoRoutes")]), Path("/proc/net/snmp6")
    if newer.exists():  # not where the kernel speaks no IPv6
        count += int(dict(line.split() for line in newer.read_text(encoding="ascii").splitlines())["Ip6OutNoRoutes"])
    return count


def _leave() -> None:
    """This process and its children see a network of their own, whose loopback is up and has the browser's probe for an
    address; whoever is not root needs users of their own for it, who are the same."""
    own, group = os.getuid(), os.getgid()
    if ctypes.CDLL(None, use_errno=True).unshare(_NEW_NETWORK | (_NEW_USERS if own else 0)):
        raise OSError(ctypes.get_errno(), "this machine allows no network of one's own")
    if own:
        for file, line in (("setgroups", "deny"), ("uid_map", f"{own} {own} 1"), ("gid_map", f"{group} {group} 1")):
            Path("/proc/self", file).write_text(line, encoding="ascii")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sH22x", b"lo", _UP))
    if socket.has_ipv6 and Path("/proc/net/if_inet6").exists():
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as any_socket:
            address, whole = socket.inet_pton(socket.AF_INET6, _PROBED), 128
            fcntl.ioctl(any_socket, _SET_ADDRESS, struct.pack("16sIi", address, whole, socket.if_nametoindex("lo")))


if __name__ == "__main__":
    _leave()
    os.execv(sys.argv[1], sys.argv[1:])
