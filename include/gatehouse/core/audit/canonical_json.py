"""One text and one hash for one value: the canonical JSON that audit log, evidence and policies are hashed over."""

from __future__ import annotations

import hashlib
import json
import math
from datetime import date, datetime
from enum import Enum
from typing import Any


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces. A number that is undefined or infinite is null: JSON has no word for it.

    Documents of earlier versions hold the texts `nan`, `inf` and `-inf` there; `number_in` and `finite` read both.
    """
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256(value: str | bytes) -> str:
    """The lower-case hex SHA-256 of a text (UTF-8) or of bytes."""
    return hashlib.sha256(value.encode() if isinstance(value, str) else value).hexdigest()


def digest(value: Any) -> str:
    """The hash of a value's canonical JSON."""
    return sha256(canonical(value))


def number_in(value: Any) -> float:
    """A number as a document holds it: NaN where it is null."""
    return math.nan if value is None else float(value)


def finite(value: Any) -> float | None:
    """A number as a document holds it, for people: None where it is null, undefined, infinite or no number at all."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "item") and callable(value.item):  # NumPy scalars
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
