"""Registered versions and the champion: one compare-and-set decides who is in production."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gatehouse.adapters.ledger.transaction import LedgerTransaction, attempt_transaction, person_transaction
from gatehouse.core.types import Champion, FencingLease, FileRef, ModelVersion, Promotion, PromotionKind
from gatehouse.errors import NotAllowedError, RecordNotFoundError, StaleChampionError
from gatehouse.ports import Models

if TYPE_CHECKING:
    from datetime import datetime

    from gatehouse.adapters.ledger.connection import Cursor, Database

_MODELS = """
    SELECT use_case, version, candidate, file(file) AS file, file(reference) AS reference,
           training_set, request, run_id, trained_until
    FROM models"""
_SAME = ("candidate", "file", "training_set", "run_id")


class PostgresModels(Models):
    """`ports.Models` on the tables `models`, `promotions` and `champions`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def register(self, lease: FencingLease, model: ModelVersion) -> ModelVersion:
        with attempt_transaction(self._database, lease) as change:
            known = change.rows.all("SELECT version, request FROM models WHERE use_case = %s", model.use_case)
            version = next((row["version"] for row in known if row["request"] == model.request), len(known) + 1)
            if model.version not in (0, version):
                raise NotAllowedError(
                    f"the ledger gives version {version} of {model.use_case}; found version {model.version}"
                )
            row = {name: value for name, value in vars(model).items() if name not in ("use_case", "version")}
            key = {"use_case": model.use_case, "version": version}
            subject = f"{model.use_case}/v{version}"
            change.once("models", "model.registered", subject, key, {**row, "sha256": model.file.sha256}, _SAME)
            return _model(change.rows, model.use_case, version)

    def get(self, use_case: str, version: int) -> ModelVersion:
        with self._database.transaction() as rows:
            return _model(rows, use_case, version)

    def champion(self, use_case: str, at: datetime | None = None) -> Champion | None:
        with self._database.transaction() as rows:
            if at is None:
                return _champion(rows, use_case)
            found = rows.one(
                "SELECT epoch, version FROM promotions p JOIN journal j ON j.seq = p.entry "
                "WHERE use_case = %s AND j.at <= %s ORDER BY epoch DESC LIMIT 1",
                use_case,
                at,
            )
            return Champion(found["epoch"], _model(rows, use_case, found["version"])) if found else None

    def promotions(self, use_case: str) -> list[Promotion]:
        with self._database.transaction() as rows:
            found = rows.all(
                "SELECT use_case, epoch, version, p.kind, decision, p.actor, reason, j.at, override FROM promotions p "
                "JOIN journal j ON j.seq = p.entry WHERE use_case = %s ORDER BY epoch",
                use_case,
            )
        return [Promotion(**{**row, "kind": PromotionKind(row["kind"])}) for row in found]

    def promote(
        self,
        use_case: str,
        version: int,
        epoch: int,
        kind: PromotionKind,
        decision: str | None,
        actor: str,
        reason: str,
        override: str | None = None,
    ) -> Champion:
        act = {"version": version, "kind": kind.value, "decision": decision, "actor": actor, "reason": reason}
        act |= {"override": override}
        with person_transaction(self._database, actor, reason) as change:
            model = _model(change.rows, use_case, version)
            now = _champion(change.rows, use_case)
            done = _done(change.rows, use_case, act, {epoch + 1, now.epoch if now else 0})
            if done is None:
                _refuse_stale(now, use_case, version, epoch, act)
                done = epoch + 1
                _change_champion(change, use_case, done, act)
            return Champion(done, model)

    def list(self, use_case: str) -> list[ModelVersion]:
        with self._database.transaction() as rows:
            found = rows.all(f"{_MODELS} WHERE use_case = %s ORDER BY version", use_case)
        return [_model_version(row) for row in found]


def _change_champion(change: LedgerTransaction, use_case: str, epoch: int, act: dict[str, Any]) -> None:
    """Journal, promotion and champion in one transaction; the schema refuses what nothing justifies."""
    change.record("promotions", "champion.changed", use_case, {"use_case": use_case, "epoch": epoch, **act})
    if epoch == 1:
        change.rows.run("INSERT INTO champions (use_case, epoch, version) VALUES (%s, 1, %s)", use_case, act["version"])
    else:
        change.rows.run(
            "UPDATE champions SET epoch = %s, version = %s WHERE use_case = %s", epoch, act["version"], use_case
        )


def _done(rows: Cursor, use_case: str, act: dict[str, Any], epochs: set[int]) -> int | None:
    """The epoch of this very promotion, if it was the answer to this call before or is the newest one."""
    found = rows.all(
        "SELECT epoch, version, kind, decision, actor, reason, override FROM promotions WHERE use_case = %s AND epoch = ANY(%s) "
        "ORDER BY epoch DESC",
        use_case,
        list(epochs),
    )
    return next((row.pop("epoch") for row in found if all(row[name] == value for name, value in act.items())), None)


def _refuse_stale(now: Champion | None, use_case: str, version: int, epoch: int, act: dict[str, Any]) -> None:
    held = f"version {now.model.version} of epoch {now.epoch}" if now else "none (epoch 0)"
    if (now.epoch if now else 0) != epoch:
        raise StaleChampionError(
            f"{act['kind']} of {use_case} version {version} expects epoch {epoch}; the champion is {held}"
        )
    if now and now.model.version == version:
        raise NotAllowedError(
            f"{use_case} version {version} is the champion already (epoch {now.epoch}); there is nothing to change"
        )


def _champion(rows: Cursor, use_case: str) -> Champion | None:
    found = rows.one("SELECT epoch, version FROM champions WHERE use_case = %s", use_case)
    return Champion(found["epoch"], _model(rows, use_case, found["version"])) if found else None


def _model(rows: Cursor, use_case: str, version: int) -> ModelVersion:
    found = rows.one(f"{_MODELS} WHERE use_case = %s AND version = %s", use_case, version)
    if found is None:
        raise RecordNotFoundError(f"the ledger holds no version {version} of {use_case}")
    return _model_version(found)


def _model_version(row: dict[str, Any]) -> ModelVersion:
    return ModelVersion(**{**row, "file": FileRef(**row["file"]), "reference": FileRef(**row["reference"])})
