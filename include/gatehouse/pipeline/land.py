"""Ingest: what the source has becomes immutable files of the lake, visible with their ledger row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from gatehouse.context import UseCaseContext
from gatehouse.core.contract.batch_calendar import batch_interval
from gatehouse.core.types import Batch, FileRef
from gatehouse.errors import SourceError, SourceVanishedError, UnreadableDeliveryError
from gatehouse.ports import Lake, PartsDifferError, PassedOver, Ways

READ_AGAIN_AT_ONCE = 50  # batches: after every file's time has changed, the next ingests read the rest


def pending_keys(ctx: UseCaseContext, until: str | None = None) -> list[str]:
    """The keys that the source has and the ledger has not, in the order of time, up to and including `until`."""
    have = {batch.id.key for batch in ctx.ledger.batches.list(ctx.name)}
    return [key for key in _within(ctx, ctx.source.available(), until) if key not in have]


def corrected(ctx: UseCaseContext) -> list[str]:
    """The keys of batches whose delivery no longer looks as when it was read, in the order of time; the newest ones first
    come into a run when there are many. Every batch is compared at every ingest, however old it is: it costs no read."""
    have = {batch.id.key for batch in ctx.ledger.batches.list(ctx.name)}
    now, read = ctx.source.fingerprints(), ctx.ledger.batches.deliveries(ctx.name)
    changed = [
        key
        for key in _within(ctx, sorted(now))
        if key in have and (key not in read or read[key].fingerprint != now[key])
    ]
    return changed[-READ_AGAIN_AT_ONCE:]


def take(ctx: UseCaseContext, keys: Iterable[str]) -> dict[str, str]:
    """Land each batch; what one of them raises stops no other. Returns why a batch could not be fetched, by its key, which
    the ledger notes. SourceVanishedError of a batch is raised when all others have landed: trying again can help."""
    refused, vanished = {}, None
    for key in keys:
        try:
            land(ctx, key)
        except SourceVanishedError as error:
            vanished = vanished or error
        except SourceError as error:
            lease = ctx.ledger.attempts.enter(f"{ctx.name}/{key}/land")
            ctx.ledger.batches.refuse(lease, ctx.name, key, str(error))
            refused[key] = str(error)
    if vanished is not None:
        raise vanished
    return refused


def land(ctx: UseCaseContext, key: str) -> Batch:
    """Fetch one batch and make it visible: files first, then the ledger row. The same content again is a no-op. A delivery
    of which a table cannot be read lands as the bytes that came, and validation quarantines it."""
    interval = batch_interval(ctx.case.contract.frequency, key)
    lease = ctx.ledger.attempts.enter(f"{ctx.name}/{key}/land")
    fingerprint, unreadable = ctx.source.fingerprint(key), ""
    try:
        with ctx.source.parts(key, interval) as tables:
            files = _stored(ctx, key, tables)
    except UnreadableDeliveryError as error:
        unreadable = str(error)
        files = {name: ctx.lake.put(data, "unreadable", suffix) for name, (data, suffix) in error.tables.items()}
    return ctx.ledger.batches.land(lease, ctx.name, key, interval, files, unreadable, fingerprint)


def unfetched(ctx: UseCaseContext) -> dict[str, str]:
    """Why the newest delivery of a batch could not be fetched, by its key, as long as the source has it."""
    refused = {key: each.refused for key, each in ctx.ledger.batches.deliveries(ctx.name).items() if each.refused}
    return {key: refused[key] for key in ctx.source.available() if key in refused} if refused else {}


def passed_over(ctx: UseCaseContext) -> list[PassedOver]:
    """What lies at the source and is not taken, and batches whose newest delivery could not be fetched or is an earlier
    revision again."""
    newest = {batch.id.key: batch.id for batch in ctx.ledger.batches.list(ctx.name)}
    returned = [
        PassedOver(key, f"the source has the content of revision {each.batch.revision} again; {newest[key]} is newer")
        for key, each in sorted(ctx.ledger.batches.deliveries(ctx.name).items())
        if each.batch is not None and each.batch != newest[key]
    ]
    refused = [PassedOver(key, f"it could not be fetched: {reason}") for key, reason in unfetched(ctx).items()]
    return [*refused, *returned, *ctx.source.passed_over()]


def pending(ctx: UseCaseContext) -> list[PassedOver]:
    """What is passed over, what waits for the next ingest, and what lies outside of the contract's batches."""
    available, contract, refused = sorted(ctx.source.available()), ctx.case.contract, unfetched(ctx)
    have = {batch.id.key for batch in ctx.ledger.batches.list(ctx.name)}
    waiting = [
        PassedOver(key, "it is complete and waits for the next ingest")
        for key in _within(ctx, available)
        if key not in have and key not in refused
    ]
    first, last = contract.first_batch, contract.last_batch
    before = [key for key in available if key < first]
    after = [key for key in available if last is not None and key > last]
    outside = [
        PassedOver(keys[0] if len(keys) == 1 else f"{keys[0]} to {keys[-1]}", reason)
        for keys, reason in ((before, f"before first_batch {first}"), (after, f"after last_batch {last}"))
        if keys
    ]
    return [*passed_over(ctx), *waiting, *outside]


def _within(ctx: UseCaseContext, keys: Iterable[str], until: str | None = None) -> list[str]:
    contract = ctx.case.contract
    last = min(filter(None, (until, contract.last_batch)), default=None)
    return [key for key in keys if key >= contract.first_batch and (last is None or key <= last)]


def _stored(ctx: UseCaseContext, key: str, tables: Mapping[str, Ways]) -> dict[str, FileRef]:
    missing = [name for name in ctx.case.contract.tables if name not in tables]
    if missing:
        raise SourceError(
            f"the source of {ctx.name} delivered no table {', '.join(missing)} for {key}; "
            f"found {', '.join(tables) or 'nothing'}; "
            f"contract.yaml (data engineer) declares {', '.join(ctx.case.contract.tables)}"
        )
    return {name: store_table(ctx.lake, tables[name]) for name in ctx.case.contract.tables}


def store_table(lake: Lake, ways: Ways) -> FileRef:
    """Store a table by the first way of reading it whose parts fit."""
    *others, last = ways
    for way in others:
        with suppress(PartsDifferError):
            return lake.put_parts(way(), "landed")
    return lake.put_parts(last(), "landed")
