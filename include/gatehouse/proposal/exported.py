"""A table that a proposal is made from, as it was found in files or in a database."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd


@dataclass(frozen=True)
class Exported:
    """The files' address or the query, how the files are written, the types, all rows, and what is worth a note.

    `files` is None for a query. `texts` are the columns that are texts where they are stored, whatever their type."""

    address: str
    files: int | None
    dialect: Mapping[str, Any]
    types: Mapping[str, str]
    rows: pd.DataFrame
    notes: tuple[str, ...] = ()
    texts: frozenset[str] = frozenset()


def renamed_columns(names: Sequence[str]) -> dict[str, str]:
    """A name in lower-case letters, digits and `_` for each that is none."""
    taken = {name for name in names if re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII)}
    renamed = {}
    for name in names:
        if name in taken:
            continue
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
        short = re.sub(r"\W+", "_", plain).strip("_") or "column"
        short = f"c_{short}" if short[0].isdigit() else short
        while short in taken:
            short += "_2"
        taken.add(short)
        renamed[name] = short
    return renamed
