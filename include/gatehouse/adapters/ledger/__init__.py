"""The ledger on PostgreSQL: the single source of truth for batches, requests, models, decisions and the champion."""

from __future__ import annotations

from collections.abc import Sequence

from gatehouse.adapters.ledger.audit_log import PostgresAuditLog
from gatehouse.adapters.ledger.backfills import PostgresBackfills
from gatehouse.adapters.ledger.batches import PostgresBatches
from gatehouse.adapters.ledger.connection import PAUSES, Database
from gatehouse.adapters.ledger.decisions import PostgresDecisions
from gatehouse.adapters.ledger.fencing import PostgresAttempts
from gatehouse.adapters.ledger.models import PostgresModels
from gatehouse.adapters.ledger.notifications import PostgresNotificationStore
from gatehouse.adapters.ledger.overrides import PostgresOverrides
from gatehouse.adapters.ledger.probations import PostgresProbations
from gatehouse.adapters.ledger.requests import PostgresRequests
from gatehouse.adapters.ledger.revalidations import PostgresRevalidations
from gatehouse.ports import Ledger


def open_ledger(url: str, pauses: Sequence[float] = PAUSES) -> Ledger:
    """The ledger at a PostgreSQL address. Nothing connects before the first question. `pauses` are the seconds between
    attempts to connect."""
    database = Database(url, pauses)
    return Ledger(
        PostgresAttempts(database),
        PostgresBatches(database),
        PostgresRequests(database),
        PostgresModels(database),
        PostgresDecisions(database),
        PostgresOverrides(database),
        PostgresProbations(database),
        PostgresAuditLog(database),
        PostgresNotificationStore(database),
        PostgresRevalidations(database),
        PostgresBackfills(database),
    )
