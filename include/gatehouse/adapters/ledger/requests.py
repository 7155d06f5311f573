"""Retrain requests: opened or joined, claimed, closed."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from gatehouse.adapters.ledger.training import TrainingRecords
from gatehouse.adapters.ledger.transaction import LedgerTransaction, attempt_transaction, person_transaction, to_column
from gatehouse.core.audit.canonical_json import digest
from gatehouse.core.types import FencingLease, Reason, Request, RequestState
from gatehouse.errors import NotAllowedError, RecordNotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from gatehouse.adapters.ledger.connection import Cursor

ENDS = (RequestState.DECIDED, RequestState.FAILED, RequestState.CANCELLED, RequestState.EXPIRED)

_REQUESTS = """
    SELECT r.id, r.use_case, r.state, r.as_of, r.opened_by, r.reasons::json AS reasons,
           (SELECT json_agg(a.reasons::json ORDER BY a.audit_seq) FROM request_events a
            WHERE a.request = r.id AND a.event = 'joined') AS joined,
           (SELECT a.sentence FROM request_events a
            WHERE a.request = r.id AND a.event IN ('decided', 'failed', 'cancelled', 'expired')) AS closing
    FROM retrain_requests r"""


class PostgresRequests(TrainingRecords):
    """`ports.Requests` on the tables `retrain_requests`, `request_events`, `training_sets` and `candidates`."""

    def ask(
        self, use_case: str, as_of: datetime, actor: str, reason: str, wish: Mapping[str, Any] | None = None
    ) -> Request:
        said = asdict(Reason("person", reason, {"actor": actor, **(wish or {})}))
        with person_transaction(self._database, actor, reason) as change:
            return open_or_join(change, use_case, as_of, actor, [said], while_open=bool(wish))

    def get(self, request: str) -> Request:
        with self._database.transaction() as rows:
            return request_of(rows, request)

    def pending(self, use_case: str) -> Request | None:
        with self._database.transaction() as rows:
            return _pending(rows, use_case)

    def claim(self, lease: FencingLease, request: str) -> Request:
        with attempt_transaction(self._database, lease) as change:
            found = request_of(change.rows, request)
            if found.state is RequestState.OPEN:
                _act(change, request, "claimed")
            elif found.state is not RequestState.CLAIMED or _claimer(change.rows, request) != lease.work:
                holder = _claimer(change.rows, request)
                raise NotAllowedError(f"request {request} is {found.state} by {holder}; {lease.work} cannot claim it")
            return request_of(change.rows, request)

    def close(self, lease: FencingLease, request: str, state: str, closing: str) -> None:
        if state not in ENDS:
            raise NotAllowedError(f"a request is closed as {', '.join(ENDS)}; found {state!r}")
        with attempt_transaction(self._database, lease) as change:
            found = request_of(change.rows, request)
            if (found.state, found.closing) == (state, closing):
                return
            if found.state is not (RequestState.OPEN if state == RequestState.EXPIRED else RequestState.CLAIMED):
                raise NotAllowedError(
                    f"request {request} is {found.state} ({found.closing}); it cannot become {state} ({closing})"
                )
            _act(change, request, RequestState(state).value, closing)

    def list(self, use_case: str) -> list[Request]:
        with self._database.transaction() as rows:
            return [
                _request(row) for row in rows.all(f"{_REQUESTS} WHERE r.use_case = %s ORDER BY r.audit_seq", use_case)
            ]


def open_or_join(
    change: LedgerTransaction,
    use_case: str,
    as_of: datetime,
    by: str,
    reasons: Sequence[dict[str, Any]],
    while_open: bool = False,
) -> Request:
    """Open a request for these reasons, or add them to the pending one; nobody's reasons are added twice. `while_open`
    refuses (NotAllowedError) to join one that is claimed."""
    pending = _pending(change.rows, use_case)
    if pending is None:
        earlier = change.rows.all("SELECT id FROM retrain_requests WHERE use_case = %s ORDER BY audit_seq", use_case)
        request = digest([use_case, by, as_of, [row["id"] for row in earlier[-1:]]])
        row = {"id": request, "use_case": use_case, "as_of": as_of, "opened_by": by, "reasons": reasons}
        change.record("retrain_requests", "request.opened", request, row)
        return request_of(change.rows, request)
    said = change.rows.all(
        "SELECT reasons FROM retrain_requests WHERE id = %s AND opened_by = %s UNION "
        "SELECT reasons FROM request_events WHERE request = %s AND actor = %s",
        pending.id,
        by,
        pending.id,
        by,
    )
    if to_column(list(reasons)) not in [row["reasons"] for row in said]:
        if while_open and pending.state is RequestState.CLAIMED:
            raise NotAllowedError(
                f"request {pending.id[:8]} is being trained, its rows and candidates are chosen; ask again when it is "
                "decided, or without a window and estimators"
            )
        _act(change, pending.id, "joined", by=by, reasons=reasons)
    return request_of(change.rows, pending.id)


def request_of(rows: Cursor, request: str) -> Request:
    """The request as it is now; RecordNotFoundError when there is none."""
    found = rows.one(f"{_REQUESTS} WHERE r.id = %s", request)
    if found is None:
        raise RecordNotFoundError(f"the ledger holds no retrain request {request}")
    return _request(found)


def reasons_of(plain: Sequence[dict[str, Any]]) -> tuple[Reason, ...]:
    """Reasons out of their JSON."""
    return tuple(Reason(**reason) for reason in plain)


def _act(
    change: LedgerTransaction,
    request: str,
    act: str,
    sentence: str = "",
    by: str = "",
    reasons: Sequence[dict[str, Any]] = (),
) -> None:
    """Record an act upon a request; every act but `joined` is its next state too."""
    row = {
        "request": request,
        "event": act,
        "actor": by or change.actor,
        "reasons": list(reasons),
        "sentence": sentence,
    }
    change.record("request_events", f"request.{act}", request, row)
    if act != "joined":
        change.rows.run("UPDATE retrain_requests SET state = %s WHERE id = %s", act, request)


def _pending(rows: Cursor, use_case: str) -> Request | None:
    found = rows.one(f"{_REQUESTS} WHERE r.use_case = %s AND r.state IN ('open', 'claimed')", use_case)
    return _request(found) if found else None


def _claimer(rows: Cursor, request: str) -> str:
    found = rows.one("SELECT actor FROM request_events WHERE request = %s AND event = 'claimed'", request)
    return str(found["actor"]) if found else "nobody"


def _request(row: dict[str, Any]) -> Request:
    joined = [reason for reasons in row["joined"] or () for reason in reasons]
    return Request(
        row["id"],
        row["use_case"],
        RequestState(row["state"]),
        row["as_of"],
        row["opened_by"],
        reasons_of([*row["reasons"], *joined]),
        row["closing"] or "",
    )
