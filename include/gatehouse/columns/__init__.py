"""The column types of a contract: what each holds, and how a delivered value is read into it exactly or refused by name."""

from __future__ import annotations

from gatehouse.columns.cell import Cell, summary
from gatehouse.columns.read import read

__all__ = ["Cell", "read", "summary"]
