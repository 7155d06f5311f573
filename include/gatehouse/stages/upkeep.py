"""Upkeep: what no event woke, what MLflow says differently, and whether the invariants hold."""

from __future__ import annotations

from dataclasses import dataclass

from gatehouse.core.records import BatchState
from gatehouse.site import Site
from gatehouse.stages.promote import mirror
from gatehouse.stages.score import waiting


@dataclass(frozen=True)
class Pending:
    """Work that the ledger says is pending: batches to validate, batches to watch, a request to train for."""

    landed: tuple[str, ...]
    unwatched: tuple[str, ...]
    request: str | None


def sweep(site: Site) -> Pending:
    """What is pending now; whoever calls wakes the DAGs that no event has woken (invariant I8)."""
    landed = [batch.id for batch in site.ledger.batches.list(site.name) if batch.state is BatchState.LANDED]
    request = site.ledger.requests.pending(site.name)
    return Pending(
        tuple(sorted({batch.key for batch in landed})),
        tuple(f"{batch.id.key}.r{batch.id.revision}" for batch in waiting(site)),
        request.id if request else None,
    )


def reconcile(site: Site) -> str:
    """Compare MLflow's alias with the ledger (invariant I10). A difference is journaled as an unexplained promotion and
    repaired; returns the sentence about it, or an empty text when they agree."""
    champion = site.ledger.models.champion(site.name)
    expected = champion.model.version if champion else None
    found = site.tracking.champion_alias(site.name)
    if found == expected:
        return ""
    sentence = f"MLflow's alias champion of {site.name} pointed at version {found}, the ledger's champion is {expected}"
    body = {"found": found, "expected": expected}
    site.ledger.journal.note("alias.unexplained", site.name, "upkeep", body)
    mirror(site)
    return sentence
