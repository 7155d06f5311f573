"""The names that archived evidence and decisions keep, so that an old document has the same bytes for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

ARCHIVED = {"generation": "epoch"}  # the name of the field now, and in every archived document
_CURRENT = {old: new for new, old in ARCHIVED.items()}


def to_archived(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document under the archived names."""
    return {ARCHIVED.get(name, name): value for name, value in document.items()}


def from_archived(document: Mapping[str, Any]) -> dict[str, Any]:
    """An archived document under the names of today."""
    return {_CURRENT.get(name, name): value for name, value in document.items()}
