"""Ask: a person's request to retrain."""

from __future__ import annotations

from gatehouse.core.records import Request
from gatehouse.errors import NotEnoughData
from gatehouse.site import Site
from gatehouse.stages.rows import newest_revisions


def ask(site: Site, actor: str, reason: str) -> Request:
    """Open a request as of the newest accepted batch, or join the one that is open."""
    accepted = newest_revisions(site.ledger.batches.list(site.name))
    if not accepted:
        raise NotEnoughData(
            f"{site.name} has no accepted batch to train on yet; found 0, needed {site.case.retrain.first_after}"
        )
    return site.ledger.requests.ask(site.name, accepted[-1].interval.end, actor, reason)
