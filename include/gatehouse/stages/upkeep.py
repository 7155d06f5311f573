"""Upkeep: what no event woke, and what MLflow says differently from the ledger."""

from __future__ import annotations

from gatehouse.core.records import BatchState, RequestState
from gatehouse.site import Site
from gatehouse.stages import fit
from gatehouse.stages.promote import mirror
from gatehouse.stages.score import waiting

FORGOTTEN_SECONDS = 600.0
ABANDONED_SECONDS = 3600.0


def forgotten_landed(site: Site) -> list[str]:
    """Landed batches (`2013-03.r1`) that nobody has tried to validate for ten minutes (invariant I8)."""
    landed = [batch.id for batch in site.ledger.batches.list(site.name) if batch.state is BatchState.LANDED]
    return [
        f"{batch.key}.r{batch.revision}"
        for batch in landed
        if _forgotten(site, f"{batch}/validate", f"{site.name}/{batch.key}/land")
    ]


def forgotten_batches(site: Site) -> list[str]:
    """Accepted batches that no watch run has taken up for ten minutes: the event that should have woken one was lost."""
    return [
        f"{batch.id.key}.r{batch.id.revision}"
        for batch in waiting(site)
        if _forgotten(site, f"{batch.id}/run", f"{batch.id}/validate")
    ]


def forgotten_requests(site: Site) -> list[str]:
    """The pending request, when no retrain run has claimed it for ten minutes, or none of the work on it was started for
    an hour: the run that claimed it has died or failed, and a new one goes on with what is recorded."""
    request = site.ledger.requests.pending(site.name)
    if request is None:
        return []
    work = f"{site.name}/{request.id}"
    if request.state is RequestState.OPEN:
        return [request.id] if _forgotten(site, f"{work}/claim", f"{request.opened_by}/watch") else []
    steps = ("claim", "gather", *(f"fit/{name}" for name in fit.names(site)), "choose", "judge")
    started = [idle for step in steps if (idle := site.ledger.attempts.idle(f"{work}/{step}")) is not None]
    return [request.id] if min(started, default=ABANDONED_SECONDS) >= ABANDONED_SECONDS else []


def reconcile(site: Site) -> str:
    """Compare MLflow's alias with the ledger (invariant I10). A difference is journaled as an unexplained promotion and
    repaired; returns the sentence about it, or an empty text when they agree."""
    champion = site.ledger.models.champion(site.name)
    expected = champion.model.version if champion else None
    found = site.tracking.champion_alias(site.name)
    if found == expected:
        return ""
    sentence = f"MLflow's alias champion of {site.name} pointed at version {found}, the ledger's champion is {expected}"
    site.ledger.journal.note("alias.unexplained", site.name, "upkeep", {"found": found, "expected": expected})
    mirror(site)
    return sentence


def _forgotten(site: Site, work: str, before: str) -> bool:
    """Whether the newest attempt at `work`, or without one at the work before it, lies ten minutes back."""
    idle = site.ledger.attempts.idle(work)
    if idle is None:
        idle = site.ledger.attempts.idle(before)
    return idle is None or idle > FORGOTTEN_SECONDS
