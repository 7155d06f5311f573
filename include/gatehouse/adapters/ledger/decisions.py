"""Decisions and the answers of people."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from gatehouse.adapters.ledger.transaction import attempt_transaction, person_transaction
from gatehouse.core.audit.canonical_json import sha256
from gatehouse.core.types import Decision, FencingLease, FileRef, RuleResult, Verdict
from gatehouse.errors import NotAllowedError, RecordNotFoundError
from gatehouse.ports import Decisions

if TYPE_CHECKING:
    from datetime import datetime

    from gatehouse.adapters.ledger.connection import Cursor, Database

_DECISIONS = """
    SELECT d.id, d.use_case, d.version, d.verdict, d.sentence, d.results::json AS results,
           d.evidence, d.policy, d.champion, d.generation
    FROM decisions d"""


class PostgresDecisions(Decisions):
    """`ports.Decisions` on the tables `decisions` and `review_responses`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, lease: FencingLease, decision: Decision, evidence: FileRef, policy: str) -> None:
        if sha256(policy) != decision.policy:
            raise NotAllowedError(
                f"decision {decision.id} names the policy {decision.policy}; the text given is {sha256(policy)}"
            )
        row = {name: value for name, value in vars(decision).items() if name not in ("id", "results")}
        row |= {"verdict": decision.verdict.value, "results": [asdict(result) for result in decision.results]}
        row |= {"evidence_file": evidence, "policy_text": policy}
        same = ("use_case", "version", "verdict", "evidence", "evidence_file", "policy", "champion", "generation")
        with attempt_transaction(self._database, lease) as change:
            change.once("decisions", "decision.made", decision.id, {"id": decision.id}, row, same)

    def get(self, decision: str) -> Decision:
        with self._database.transaction() as rows:
            return _get(rows, decision)

    def archive(self, decision: str) -> tuple[FileRef, str]:
        with self._database.transaction() as rows:
            found = rows.one("SELECT file(evidence_file) AS file, policy_text FROM decisions WHERE id = %s", decision)
        if found is None:
            raise _unknown(decision)
        return FileRef(**found["file"]), found["policy_text"]

    def reported(self, decision: str, report: FileRef) -> FileRef:
        known = self.report(decision)
        if known is None:
            with person_transaction(self._database, "gate", "the report of its decision") as change:
                row = {"report": report}
                change.once("decision_reports", "decision.reported", decision, {"decision": decision}, row, ())
        return known or report

    def report(self, decision: str) -> FileRef | None:
        with self._database.transaction() as rows:
            found = rows.one("SELECT file(report) AS file FROM decision_reports WHERE decision = %s", decision)
        return FileRef(**found["file"]) if found else None

    def unreported(self, use_case: str) -> list[str]:
        with self._database.transaction() as rows:
            found = rows.all(
                "SELECT d.id FROM decisions d LEFT JOIN decision_reports r ON r.decision = d.id "
                "WHERE d.use_case = %s AND r.decision IS NULL ORDER BY d.audit_seq",
                use_case,
            )
        return [row["id"] for row in found]

    def of_request(self, request: str) -> Decision | None:
        with self._database.transaction() as rows:
            found = rows.one(
                f"{_DECISIONS} JOIN model_versions m USING (use_case, version) WHERE m.request = %s "
                "ORDER BY d.audit_seq DESC LIMIT 1",
                request,
            )
        return _decision(found) if found else None

    def made_at(self, decision: str) -> datetime:
        with self._database.transaction() as rows:
            found = rows.one(
                "SELECT max(j.at) AS at FROM audit_log j JOIN (SELECT audit_seq FROM decisions WHERE id = %s UNION ALL "
                "SELECT audit_seq FROM review_responses WHERE decision = %s) e ON e.audit_seq = j.seq",
                decision,
                decision,
            )
        if found is None or found["at"] is None:
            raise _unknown(decision)
        moment: datetime = found["at"]
        return moment

    def answer(self, decision: str, approved: bool, actor: str, reason: str) -> None:
        with person_transaction(self._database, actor, reason) as change:
            verdict = _get(change.rows, decision).verdict
            if verdict is not Verdict.REVIEW:
                raise NotAllowedError(f"decision {decision} is {verdict}; only a REVIEW is answered")
            row = {"approved": approved, "actor": actor, "reason": reason}
            change.once("review_responses", "decision.answered", decision, {"decision": decision}, row, tuple(row))

    def answers(self, decision: str) -> list[tuple[bool, str, str]]:
        with self._database.transaction() as rows:
            found = rows.all("SELECT approved, actor, reason FROM review_responses WHERE decision = %s", decision)
        return [(row["approved"], row["actor"], row["reason"]) for row in found]

    def policy_in_force(self, use_case: str) -> dict[str, Any] | None:
        with self._database.transaction() as rows:
            found = rows.one("SELECT policy_in_force(%s) AS policy", use_case)
        return found["policy"] if found else None

    def list(self, use_case: str) -> list[Decision]:
        with self._database.transaction() as rows:
            return [
                _decision(row) for row in rows.all(f"{_DECISIONS} WHERE d.use_case = %s ORDER BY d.audit_seq", use_case)
            ]


def _get(rows: Cursor, decision: str) -> Decision:
    found = rows.one(f"{_DECISIONS} WHERE d.id = %s", decision)
    if found is None:
        raise _unknown(decision)
    return _decision(found)


def _unknown(decision: str) -> RecordNotFoundError:
    return RecordNotFoundError(f"the ledger holds no decision {decision}")


def _decision(row: dict[str, Any]) -> Decision:
    results = tuple(RuleResult.from_document(result) for result in row["results"])
    return Decision(**{**row, "verdict": Verdict(row["verdict"]), "results": results})
