"""What one task hands another about a divided batch: plain documents as files of the lake, named by their content."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from gatehouse.core.records import FileRef
from gatehouse.site import Site

_FILE = {"path", "sha256", "size", "rows"}


def put(site: Site, document: Mapping[str, Any]) -> dict[str, Any]:
    """Store a document; what names its file, as plain values. The same work done again gives the same file."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=asdict)
    return asdict(site.lake.put(text.encode(), "parts", "json"))


def get(site: Site, file: Mapping[str, Any]) -> dict[str, Any]:
    """The document in a file that `put` named."""
    document: dict[str, Any] = json.loads(site.lake.read(FileRef(**file)), object_hook=_read)
    return document


def _read(values: dict[str, Any]) -> Any:
    return FileRef(**values) if values.keys() == _FILE else values
