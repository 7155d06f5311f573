"""Ingest: what the source has becomes immutable files of the lake, visible with their ledger row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from gatehouse.context import UseCaseContext
from gatehouse.core.contract.batch_calendar import batch_interval
from gatehouse.core.types import Batch, FileRef
from gatehouse.errors import SourceError, SourceVanished, UnreadableDelivery
from gatehouse.ports import PassedOver

if TYPE_CHECKING:
    import pandas as pd

READ_AGAIN_AT_ONCE = 50  # batches: after every file's time has changed, the next ingests read the rest


def pending_keys(site: UseCaseContext, until: str | None = None) -> list[str]:
    """The keys that the source has and the ledger has not, in the order of time, up to and including `until`."""
    have = {batch.id.key for batch in site.ledger.batches.list(site.name)}
    return [key for key in _within(site, site.source.available(), until) if key not in have]


def corrected(site: UseCaseContext) -> list[str]:
    """The keys of batches whose delivery no longer looks as when it was read, in the order of time; the newest ones first
    come into a run when there are many. Every batch is compared at every ingest, however old it is: it costs no read."""
    have = {batch.id.key for batch in site.ledger.batches.list(site.name)}
    now, read = site.source.fingerprints(), site.ledger.batches.deliveries(site.name)
    changed = [
        key
        for key in _within(site, sorted(now))
        if key in have and (key not in read or read[key].fingerprint != now[key])
    ]
    return changed[-READ_AGAIN_AT_ONCE:]


def take(site: UseCaseContext, keys: Iterable[str]) -> dict[str, str]:
    """Land each batch; what one of them raises stops no other. Returns why a batch could not be fetched, by its key, which
    the ledger notes. SourceVanished of a batch is raised when all others have landed: trying again can help."""
    refused, vanished = {}, None
    for key in keys:
        try:
            land(site, key)
        except SourceVanished as error:
            vanished = vanished or error
        except SourceError as error:
            lease = site.ledger.attempts.enter(f"{site.name}/{key}/land")
            site.ledger.batches.refuse(lease, site.name, key, str(error))
            refused[key] = str(error)
    if vanished is not None:
        raise vanished
    return refused


def land(site: UseCaseContext, key: str) -> Batch:
    """Fetch one batch and make it visible: files first, then the ledger row. The same content again is a no-op. A delivery
    of which a table cannot be read lands as the bytes that came, and validation quarantines it."""
    interval = batch_interval(site.case.contract.batch, key)
    lease = site.ledger.attempts.enter(f"{site.name}/{key}/land")
    fingerprint, unreadable = site.source.fingerprint(key), ""
    try:
        files = _stored(site, key, site.source.fetch(key, interval))
    except UnreadableDelivery as error:
        unreadable = str(error)
        files = {name: site.lake.put(data, "unreadable", suffix) for name, (data, suffix) in error.tables.items()}
    return site.ledger.batches.land(lease, site.name, key, interval, files, unreadable, fingerprint)


def unfetched(site: UseCaseContext) -> dict[str, str]:
    """Why the newest delivery of a batch could not be fetched, by its key, as long as the source has it."""
    refused = {key: each.refused for key, each in site.ledger.batches.deliveries(site.name).items() if each.refused}
    return {key: refused[key] for key in site.source.available() if key in refused} if refused else {}


def passed_over(site: UseCaseContext) -> list[PassedOver]:
    """What lies at the source and is not taken, and batches whose newest delivery could not be fetched or is an earlier
    revision again."""
    newest = {batch.id.key: batch.id for batch in site.ledger.batches.list(site.name)}
    returned = [
        PassedOver(key, f"the source has the content of revision {each.batch.revision} again; {newest[key]} is newer")
        for key, each in sorted(site.ledger.batches.deliveries(site.name).items())
        if each.batch is not None and each.batch != newest[key]
    ]
    refused = [PassedOver(key, f"it could not be fetched: {reason}") for key, reason in unfetched(site).items()]
    return [*refused, *returned, *site.source.passed_over()]


def _within(site: UseCaseContext, keys: Iterable[str], until: str | None = None) -> list[str]:
    contract = site.case.contract
    last = min(filter(None, (until, contract.last)), default=None)
    return [key for key in keys if key >= contract.first and (last is None or key <= last)]


def _stored(site: UseCaseContext, key: str, frames: Mapping[str, pd.DataFrame]) -> dict[str, FileRef]:
    missing = [name for name in site.case.contract.tables if name not in frames]
    if missing:
        raise SourceError(
            f"the source of {site.name} delivered no table {', '.join(missing)} for {key}; "
            f"found {', '.join(frames) or 'nothing'}; "
            f"contract.yaml (data engineer) declares {', '.join(site.case.contract.tables)}"
        )
    return {name: site.lake.put_frame(frames[name], "landed") for name in site.case.contract.tables}
