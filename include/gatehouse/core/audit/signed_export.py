"""The signature of an exported audit log: one more line, over every byte before it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from gatehouse.core.audit.canonical_json import canonical, sha256


@dataclass(frozen=True)
class Seal:
    """The last line of a signed export: the hash of what is before it, the public key, the signature over both."""

    sha256: str
    key: str
    signature: str = ""

    def signed_bytes(self) -> bytes:
        """What the signature covers."""
        return canonical({"audit_log": "gatehouse", "key": self.key, "sha256": self.sha256}).encode()

    @property
    def line(self) -> bytes:
        """The line, with its line feed."""
        return f"{canonical({'key': self.key, 'sha256': self.sha256, 'signature': self.signature})}\n".encode()


def seal(export: bytes, key: str, sign: Callable[[bytes], str]) -> bytes:
    """The export with its signature line."""
    bare = Seal(sha256(export), key)
    return export + Seal(bare.sha256, key, sign(bare.signed_bytes())).line


def unseal(data: bytes) -> tuple[bytes, Seal | None]:
    """An export and its seal; None where its last line is no seal."""
    export, _, last = data.rstrip(b"\n").rpartition(b"\n")
    try:
        found = Seal(**json.loads(last))
    except (ValueError, TypeError):
        return data, None
    export += b"\n"
    return (export, found) if data == export + found.line else (data, None)


def breaches_of(export: bytes, found: Seal, key: str, is_signed: Callable[[bytes, str, str], bool]) -> list[str]:
    """What is wrong with a seal, as sentences."""
    if found.sha256 != sha256(export):
        return ["the signature is over other bytes than these"]
    if found.key != key or not is_signed(found.signed_bytes(), found.signature, key):
        return [f"the signature was not made with the key {key[:16]}"]
    return []
