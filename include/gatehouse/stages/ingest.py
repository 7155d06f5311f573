"""Ingest: what the source has becomes immutable files of the lake, visible with their ledger row."""

from __future__ import annotations

from gatehouse.core.calendar import interval_of
from gatehouse.core.records import Batch
from gatehouse.errors import SourceError
from gatehouse.site import Site


def pending(site: Site, until: str | None = None) -> list[str]:
    """The keys that the source has and the ledger has not, in the order of time, up to and including `until`."""
    contract = site.case.contract
    have = {batch.id.key for batch in site.ledger.batches.list(site.name)}
    last = min(filter(None, (until, contract.last)), default=None)
    return [
        key
        for key in site.source.available()
        if key not in have and key >= contract.first and (last is None or key <= last)
    ]


def land(site: Site, key: str) -> Batch:
    """Fetch one batch and make it visible: files first, then the ledger row. The same content again is a no-op."""
    interval = interval_of(site.case.contract.batch, key)
    lease = site.ledger.attempts.enter(f"{site.name}/{key}/land")
    frames = site.source.fetch(key, interval)
    missing = [name for name in site.case.contract.tables if name not in frames]
    if missing:
        raise SourceError(
            f"the source of {site.name} delivered no table {', '.join(missing)} for {key}; "
            f"found {', '.join(frames) or 'nothing'}; "
            f"contract.yaml (data engineer) declares {', '.join(site.case.contract.tables)}"
        )
    files = {name: site.lake.put_frame(frames[name], "landed") for name in site.case.contract.tables}
    return site.ledger.batches.land(lease, site.name, key, interval, files)
