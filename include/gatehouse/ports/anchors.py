"""Ports to what lies outside the database: the key that signs anchors, and the places that keep them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from gatehouse.core.audit.anchors import Anchor


class Signer(ABC):
    """A key that the database does not hold: a file or a secret here, a key management service by another adapter."""

    @property
    @abstractmethod
    def public_key(self) -> str:
        """The public key as 64 hexadecimal digits (Ed25519)."""

    @abstractmethod
    def sign(self, data: bytes) -> str:
        """The signature as 128 hexadecimal digits."""


class AnchorStore(ABC):
    """Where anchors lie. They are only added to."""

    @abstractmethod
    def keep(self, anchor: Anchor) -> None: ...

    @abstractmethod
    def documents(self) -> Sequence[str]:
        """Each anchor as it lies there, the shortest log first. Nobody has checked them."""
