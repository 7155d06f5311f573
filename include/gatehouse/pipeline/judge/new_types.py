"""Finds the types of a challenger's file that no version in production has held."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from gatehouse.context import UseCaseContext
from gatehouse.core.gate.new_types import NEW_TYPES
from gatehouse.core.types import ModelVersion
from gatehouse.errors import GatehouseError


def find_new_types(ctx: UseCaseContext, model: ModelVersion) -> dict[str, Any]:
    """What the evidence says of them; nothing where there are none. A former file that is lost counts as none."""
    found = set(ctx.models.unusual_types(ctx.lake.read(model.file)))
    served = {promotion.version for promotion in ctx.ledger.models.promotions(ctx.name)} if found else set()
    for version in sorted(served):
        with suppress(GatehouseError):
            found -= set(ctx.models.unusual_types(ctx.lake.read(ctx.ledger.models.get(ctx.name, version).file)))
    return {NEW_TYPES: sorted(found)} if found else {}
