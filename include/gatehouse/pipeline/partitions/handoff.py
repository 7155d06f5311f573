"""What one task hands another about a divided batch: plain documents as files of the lake, named by their content.

Each says under which contract and model code it was made. If either was changed while a batch was under way, what was made
before does not count: a piece of work is handed on undone, and the task that commits does all of it itself, as it now reads.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from gatehouse.context import UseCaseContext
from gatehouse.core.audit.canonical_json import digest
from gatehouse.core.types import FileRef

_FILE = {"path", "sha256", "size", "rows"}


def write_handoff(ctx: UseCaseContext, document: Mapping[str, Any]) -> dict[str, Any]:
    """Store a document; what names its file, as plain values. The same work done again gives the same file."""
    text = json.dumps(
        {**document, "under": handoff_prefix(ctx)},
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        default=asdict,
    )
    return asdict(ctx.lake.put(text.encode(), "parts", "json"))


def read_handoff(ctx: UseCaseContext, file: Mapping[str, Any]) -> dict[str, Any]:
    """The document in a file that `put` named."""
    document: dict[str, Any] = json.loads(ctx.lake.read(FileRef(**file)), object_hook=_read)
    return document


def handoff_prefix(ctx: UseCaseContext) -> str:
    """The contract and the model code as this process reads them."""
    return digest([ctx.case.contract.model_dump(mode="json"), ctx.case.code_sha256])


def is_stale(ctx: UseCaseContext, document: Mapping[str, Any]) -> bool:
    """Whether a document was made under another contract, or other code, than this process reads."""
    return bool(document["under"] != handoff_prefix(ctx))


def _read(values: dict[str, Any]) -> Any:
    return FileRef(**values) if values.keys() == _FILE else values
