"""What the process of a use case's code may touch: Linux's Landlock refuses it every other file, signal and process.

Landlock needs no rights of its own and cannot be undone. Where the system does not have it (before Linux 5.13, macOS),
the process has no credentials in its environment, but reads what its user may read.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

_CREATE, _ADD, _RESTRICT, _NO_NEW_PRIVILEGES = 444, 445, 446, 38  # the same numbers on every 64-bit Linux
_CAPABILITIES = 0x20080522  # the version of the call
_EXECUTE, _WRITE, _READ, _LIST = 1, 2, 4, 8
_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # how many rights over files each version of Landlock knows
_OF_FILES = _EXECUTE | _WRITE | _READ | 1 << 14 | 1 << 15  # what a rule about a file, not a folder, may name
_SIGNALS_FROM, _SIGNALS = 6, 2
SYSTEM = (
    "/usr", "/lib", "/lib64", "/bin", "/sbin", "/proc", "/sys", "/dev/urandom", "/dev/random", "/dev/zero", "/nix/store",
    "/etc/ld.so.cache", "/etc/localtime", "/etc/timezone", "/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/hosts",
    "/etc/resolv.conf", "/etc/ssl", "/etc/pki", "/etc/mime.types", "/etc/os-release", "/etc/fonts", "/etc/alternatives",
)  # fmt: skip
WRITTEN = ("/dev/null", "/dev/shm")  # noqa: S108 - joblib's locks are there


def version() -> int:
    """Which Landlock this system has; 0 where it has none."""
    if sys.platform != "linux":
        return 0
    return max(int(_libc().syscall(_CREATE, None, ctypes.c_size_t(0), 1)), 0)


def confine(readable: Iterable[Path], writable: Iterable[Path]) -> bool:
    """Let this process, and each that it starts, read only Python, its libraries and `readable`, and write only `writable`.
    Returns False where the system cannot do that."""
    known = version()
    if not known:
        return False
    libc, everything = _libc(), (1 << _RIGHTS.get(known, 16)) - 1
    attributes = struct.pack("QQQ", everything, 0, _SIGNALS if known >= _SIGNALS_FROM else 0)
    size = len(attributes) if known >= _SIGNALS_FROM else 8
    rules = _checked(libc.syscall(_CREATE, attributes, ctypes.c_size_t(size), 0))
    try:
        for path in {*map(Path, SYSTEM), *_python(), *readable}:
            _allow(libc, rules, path, _EXECUTE | _READ | _LIST)
        for path in {*map(Path, WRITTEN), *writable}:
            _allow(libc, rules, path, everything)
        _checked(libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
        _checked(
            libc.capset(struct.pack("Ii", _CAPABILITIES, 0), struct.pack("6I", *[0] * 6))
        )  # root has some that read
        _checked(libc.syscall(_RESTRICT, rules, 0))
    finally:
        os.close(rules)
    return True


def _allow(libc: ctypes.CDLL, rules: int, path: Path, rights: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there needs no right
    try:
        allowed = rights if path.is_dir() else rights & _OF_FILES
        _checked(libc.syscall(_ADD, rules, 1, struct.pack("=Qi", allowed, opened), 0))
    finally:
        os.close(opened)


def _python() -> set[Path]:
    """Where this Python and what it imports from are; links are followed to what they mean."""
    named = [Path(each) for each in (sys.prefix, sys.base_prefix, sys.executable, *sys.path) if each]
    return {place for each in named if each.exists() for place in (each, each.resolve())}


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(found: int) -> int:
    if found < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return found
