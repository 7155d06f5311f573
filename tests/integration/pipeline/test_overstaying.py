"""Overrides that serve longer than they may: said in a sentence that people are told, as soon as maintenance had its chance."""

from __future__ import annotations

from gatehouse.pipeline.manual import override
from integration.pipeline.test_acts import IMPOSSIBLE, MONTHS, REASON, looped, retrain, rewritten  # noqa: F401 - two of them are fixtures
from support.rides import ctx, folder, open_site, take  # noqa: F401 - three of them are fixtures


def test_nothing_to_go_back_to(rewritten):
    """No decision ever promoted a version: from a cycle of maintenance after its time on, the override is said to serve still."""
    lapsed = "override: {expires_after: 0 hours}\nno_champion: block"
    ctx = rewritten(None, "gate.yaml", "no_champion: promote", lapsed)
    for key in MONTHS[:4]:
        take(ctx, key)
    asked, _ = override.override(ctx, ctx.ledger.decisions.list("rides")[0].id, "admin", REASON)
    assert override.expired_but_serving(ctx, asked.expires) == "", (
        "the next maintenance ends it, as far as anybody knows"
    )
    assert "version 1 still serves, as no decision ever" in override.expired_but_serving(
        ctx, asked.expires + override.CYCLE
    )


def test_an_end_that_does_not_come(looped, rewritten):
    """Maintenance stands still, or its roll back fails: which version serves and which one should; nothing once it is ended."""
    strict = rewritten(looped, "gate.yaml", "margin: 0.01", IMPOSSIBLE)
    ctx = rewritten(strict, "gate.yaml", "rules:", "override: {expires_after: 0 hours}\nrules:")
    asked, _ = override.override(ctx, retrain(ctx).id, "admin", REASON)
    later = asked.expires + override.CYCLE
    assert "version 2 still serves, as version 1 could not be made" in override.expired_but_serving(ctx, later)
    override.end_expired(ctx)
    assert override.expired_but_serving(ctx, later) == ""
