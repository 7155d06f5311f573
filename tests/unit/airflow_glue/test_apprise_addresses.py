"""A recipient's address reaches another machine: Apprise's ways to act on this one, or to send a file of it, are refused."""

from __future__ import annotations

import pytest

from gatehouse.errors import ConfigurationError
from gatehouse_airflow.apprise_addresses import require_remote


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd", "syslog://", "dbus://", "windows://", "include=file:///etc/passwd", "/etc/passwd", "",
        "msteams://a/b/c/d/?template=/etc/passwd", "msteams://a/b/c/d/?template=file%3A%2F%2F%2Fetc%2Fpasswd",
        "workflows://h/w/s?to=me&template=~/.ssh/id_ed25519", "fcm://key@project/t?keyfile=..%252F..%252Fkey.json",
        "json://example.org/hook, syslog://user", "JSON://example.org/?TEMPLATE=/etc/passwd",
    ],
)  # fmt: skip
def test_an_address_of_this_machine_is_refused(address: str) -> None:
    """By its protocol or by a parameter that names a file, however it is written; the error does not repeat it."""
    with pytest.raises(ConfigurationError, match="acts on this machine") as raised:
        require_remote(["json://example.org/hook", address], "any")
    assert "passwd" not in str(raised.value)
    assert "owner" not in str(raised.value)


@pytest.mark.parametrize(
    "address",
    [
        "json://127.0.0.1:8000/any", "slack://a/b/c/#room", "mailtos://u:p@example.org?to=a@example.org",
        "jsons://example.org/a/b?+X-Path=/a&-path=/b&:note=/c", "ntfys://host/topic?priority=high",
    ],
)  # fmt: skip
def test_an_address_of_another_machine_is_taken(address: str) -> None:
    """A path in the address, and a header or field of one's own, are no file of this machine."""
    require_remote([address], "any")
