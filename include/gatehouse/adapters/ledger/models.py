"""Registered versions and the champion: one compare-and-set decides who is in production."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gatehouse.adapters.ledger.champion_feed import CHANNEL
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
    FROM model_versions"""
_SAME = ("candidate", "file", "training_set", "run_id")


class PostgresModels(Models):
    """`ports.Models` on the tables `model_versions`, `champion_changes` and `current_champions`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def register(self, lease: FencingLease, model: ModelVersion) -> ModelVersion:
        with attempt_transaction(self._database, lease) as change:
            known = change.rows.all("SELECT version, request FROM model_versions WHERE use_case = %s", model.use_case)
            version = next((row["version"] for row in known if row["request"] == model.request), len(known) + 1)
            if model.version not in (0, version):
                raise NotAllowedError(
                    f"the ledger gives version {version} of {model.use_case}; found version {model.version}"
                )
            row = {name: value for name, value in vars(model).items() if name not in ("use_case", "version")}
            key = {"use_case": model.use_case, "version": version}
            subject = f"{model.use_case}/v{version}"
            change.once("model_versions", "model.registered", subject, key, {**row, "sha256": model.file.sha256}, _SAME)
            return _model(change.rows, model.use_case, version)

    def get(self, use_case: str, version: int) -> ModelVersion:
        with self._database.transaction() as rows:
            return _model(rows, use_case, version)

    def champion(self, use_case: str, at: datetime | None = None) -> Champion | None:
        with self._database.transaction() as rows:
            if at is None:
                return _champion(rows, use_case)
            found = rows.one(
                "SELECT generation, version FROM champion_changes p JOIN audit_log j ON j.seq = p.audit_seq "
                "WHERE use_case = %s AND j.at <= %s ORDER BY generation DESC LIMIT 1",
                use_case,
                at,
            )
            return Champion(found["generation"], _model(rows, use_case, found["version"])) if found else None

    def promotions(self, use_case: str) -> list[Promotion]:
        with self._database.transaction() as rows:
            found = rows.all(
                "SELECT use_case, generation, version, p.kind, decision, p.actor, reason, j.at, override FROM champion_changes p "
                "JOIN audit_log j ON j.seq = p.audit_seq WHERE use_case = %s ORDER BY generation",
                use_case,
            )
        return [Promotion(**{**row, "kind": PromotionKind(row["kind"])}) for row in found]

    def promote(
        self,
        use_case: str,
        version: int,
        generation: int,
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
            done = _done(change.rows, use_case, act, {generation + 1, now.generation if now else 0})
            if done is None:
                _refuse_stale(now, use_case, version, generation, act)
                done = generation + 1
                _change_champion(change, use_case, done, act)
            return Champion(done, model)

    def list(self, use_case: str) -> list[ModelVersion]:
        with self._database.transaction() as rows:
            found = rows.all(f"{_MODELS} WHERE use_case = %s ORDER BY version", use_case)
        return [_model_version(row) for row in found]


def _change_champion(change: LedgerTransaction, use_case: str, generation: int, act: dict[str, Any]) -> None:
    """Audit log, promotion and champion in one transaction; the schema refuses what nothing justifies."""
    change.record(
        "champion_changes", "champion.changed", use_case, {"use_case": use_case, "generation": generation, **act}
    )
    change.rows.run("SELECT pg_notify(%s, %s)", CHANNEL, use_case)  # sent when the transaction is committed
    if generation == 1:
        change.rows.run(
            "INSERT INTO current_champions (use_case, generation, version) VALUES (%s, 1, %s)", use_case, act["version"]
        )
    else:
        change.rows.run(
            "UPDATE current_champions SET generation = %s, version = %s WHERE use_case = %s",
            generation,
            act["version"],
            use_case,
        )


def _done(rows: Cursor, use_case: str, act: dict[str, Any], generations: set[int]) -> int | None:
    """The generation of this very promotion, if it was the answer to this call before or is the newest one."""
    found = rows.all(
        "SELECT generation, version, kind, decision, actor, reason, override FROM champion_changes "
        "WHERE use_case = %s AND generation = ANY(%s) ORDER BY generation DESC",
        use_case,
        list(generations),
    )
    return next(
        (row.pop("generation") for row in found if all(row[name] == value for name, value in act.items())), None
    )


def _refuse_stale(now: Champion | None, use_case: str, version: int, generation: int, act: dict[str, Any]) -> None:
    held = f"version {now.model.version} of generation {now.generation}" if now else "none (generation 0)"
    if (now.generation if now else 0) != generation:
        raise StaleChampionError(
            f"{act['kind']} of {use_case} version {version} expects generation {generation}; the champion is {held}"
        )
    if now and now.model.version == version:
        raise NotAllowedError(
            f"{use_case} version {version} is the champion already (generation {now.generation}); there is nothing to change"
        )


def _champion(rows: Cursor, use_case: str) -> Champion | None:
    found = rows.one("SELECT generation, version FROM current_champions WHERE use_case = %s", use_case)
    return Champion(found["generation"], _model(rows, use_case, found["version"])) if found else None


def _model(rows: Cursor, use_case: str, version: int) -> ModelVersion:
    found = rows.one(f"{_MODELS} WHERE use_case = %s AND version = %s", use_case, version)
    if found is None:
        raise RecordNotFoundError(f"the ledger holds no version {version} of {use_case}")
    return _model_version(found)


def _model_version(row: dict[str, Any]) -> ModelVersion:
    return ModelVersion(**{**row, "file": FileRef(**row["file"]), "reference": FileRef(**row["reference"])})
