"""How often a champion has been compared with: every look at it spends of the error of its life."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile
from typing import Any

from gatehouse.context import UseCaseContext
from gatehouse.core.gate.re_decision import BEFORE
from gatehouse.core.types import Champion, Verdict


def count_looks(ctx: UseCaseContext, champion: Champion | None, extra: Mapping[str, Any] | None = None) -> int:
    """How many decisions against this champion were made before.

    A HOLD that is judged again is a further look: it was not settled, and asking until it passes is what has to be paid
    for. Any other decision that is judged again, because outcomes came late, is the same look on better data: it counts
    the looks that it had.
    """
    if champion is None:
        return 0
    against = [
        decision for decision in ctx.ledger.decisions.list(ctx.name) if decision.generation == champion.generation
    ]
    before = (extra or {}).get(BEFORE)
    if before is not None and before["verdict"] != Verdict.HOLD:
        against = list(takewhile(lambda decision: decision.id != before["decision"], against))
    return len(against)
