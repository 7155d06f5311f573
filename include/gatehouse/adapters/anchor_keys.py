"""Ed25519 keys of anchors, from a file: 32 bytes in URL-safe base64, as `make secrets` and the local stack make them."""

from __future__ import annotations

import base64
import binascii
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from gatehouse.errors import ConfigurationError
from gatehouse.ports.anchors import Signer

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class FileSigner(Signer):
    """`ports.Signer` with a key in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @cached_property
    def _key(self) -> Ed25519PrivateKey:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        try:
            text = self._path.read_text(encoding="ascii").strip()
            return Ed25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        except (OSError, ValueError, binascii.Error) as error:
            raise ConfigurationError(
                "the key that signs anchors cannot be read",
                where=f"GATEHOUSE_ANCHOR_KEY_FILE ({self._path})",
                found=type(error).__name__,
                allowed="a file with 32 random bytes in URL-safe base64; `make secrets` makes one",
            ) from None

    @property
    def public_key(self) -> str:
        return self._key.public_key().public_bytes_raw().hex()

    def sign(self, data: bytes) -> str:
        return self._key.sign(data).hex()


def is_signed(data: bytes, signature: str, public_key: str) -> bool:
    """Whether the signature over the data was made with the private part of this key."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(bytes.fromhex(signature), data)
    except (InvalidSignature, ValueError):
        return False
    return True
