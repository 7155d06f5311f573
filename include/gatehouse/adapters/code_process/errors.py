"""Named errors on their way out of the process of a use case's code: the same class with the same sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gatehouse import errors
from gatehouse.errors import GatehouseError, ModelError
from gatehouse.user_code import DATA_SCIENTIST, described, place

FIELDS = ("what", "where", "found", "allowed", "owner")
MOST_CHARACTERS = 2_000


def _named(root: type[GatehouseError]) -> Iterator[type[GatehouseError]]:
    yield root
    for each in root.__subclasses__():
        yield from _named(each)


# What code of a use case may be the reason of. It can claim no other error, such as one that makes a task try again.
OF_THE_CODE = {each.__name__: each for root in (errors.ModelError, errors.SourceError) for each in _named(root)}


def to_document(error: BaseException, file: Path) -> dict[str, Any]:
    """The error as plain values; one without a name is that of `file`."""
    if not isinstance(error, GatehouseError):
        what = f"its process raised {described(error, file.parent)}"
        return {"kind": ModelError.__name__, "what": what, "where": place(error, file), "owner": DATA_SCIENTIST}
    kind = type(error).__name__ if type(error).__name__ in OF_THE_CODE else ModelError.__name__
    fields = {name: str(getattr(error, name, "")) for name in FIELDS}
    return {"kind": kind, **fields, "row": getattr(error, "row", None)}


def from_document(found: Mapping[str, Any]) -> GatehouseError:
    """The error that the values say, without running a constructor that they could choose the arguments of."""
    kind = OF_THE_CODE.get(str(found.get("kind")), ModelError)
    error = kind.__new__(kind)
    texts = {name: str(found.get(name) or "")[:MOST_CHARACTERS] for name in FIELDS}
    GatehouseError.__init__(error, texts.pop("what"), **texts)
    if isinstance(error, errors.UndefinedPredictionError):
        row = found.get("row")
        error.row = row if isinstance(row, int) else 0
    if isinstance(error, errors.UnreadableDeliveryError):
        error.tables = {}
    return error
