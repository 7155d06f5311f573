"""Which addresses a recipient may have: Apprise also knows some that act on this machine, or read a file of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote

from gatehouse.errors import ConfigurationError

LOCAL = frozenset({
    "blink1", "dbus", "exec", "file", "glib", "gnome", "include", "kde", "macosx", "python", "qt", "syslog", "windows",
})  # fmt: skip
_FILE = re.compile(
    r"[?&][^:+\-?&=][^?&=]*=(file:|/|~|\.\.?/)", re.IGNORECASE
)  # `template=/etc/passwd` is sent as the text


def require_remote(addresses: Iterable[str], connection: str) -> None:
    """ConfigurationError for an address that acts on this machine or names a file of it; the message repeats no address."""
    for address in addresses:
        text = unquote(unquote(address)).strip()
        schemes = re.findall(r"([a-z0-9+.-]+)://", text, re.IGNORECASE)
        reads = [found for found in _FILE.findall(text) if found]
        if reads or not schemes or LOCAL & {scheme.lower() for scheme in schemes}:
            raise ConfigurationError(
                "an address of a recipient acts on this machine, or names a file of it",
                where=f"Airflow connection {connection}",
                found=f"protocol {', '.join(schemes) or 'none'}{', a parameter with a file' if reads else ''}",
                allowed="addresses of other machines, without parameters that name files",
                owner="platform engineer",
            )
