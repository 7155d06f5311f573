"""One decision with what stands around it: model, request, data, answers, promotions, and the audit log's lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gatehouse.adapters.ledger.decisions import PostgresDecisions
from gatehouse.core.types import Decision, FileRef, Verdict
from gatehouse.errors import RecordNotFoundError

if TYPE_CHECKING:
    from gatehouse.adapters.ledger.connection import Database

LINES = 60  # of the audit log

_DECISION = """
    SELECT d.use_case, d.version, d.policy_text, file(d.evidence_file) AS evidence_file, made.at AS made_at,
           m.candidate, m.run_id, m.request, m.training_set, m.trained_until, m.sha256 AS model_sha256,
           former.candidate AS champion_candidate, r.opened_by, r.as_of, r.reasons::json AS reasons, r.state AS request_state,
           now.version AS now_version, now.generation AS now_generation, before.version AS before_version,
           (SELECT x.id FROM decisions x WHERE (x.use_case, x.version) = (d.use_case, d.version) AND x.audit_seq > d.audit_seq
            ORDER BY x.audit_seq DESC LIMIT 1) AS later,
           file(t.training) AS training, file(t.holdout) AS holdout, file(told.report) AS report
    FROM decisions d
    JOIN audit_log made ON made.seq = d.audit_seq
    JOIN model_versions m USING (use_case, version)
    LEFT JOIN model_versions former ON (former.use_case, former.version) = (d.use_case, d.champion)
    JOIN retrain_requests r ON r.id = m.request
    LEFT JOIN current_champions now ON now.use_case = d.use_case
    LEFT JOIN champion_changes before ON (before.use_case, before.generation) = (d.use_case, now.generation - 1)
    LEFT JOIN training_sets t ON t.request = m.request
    LEFT JOIN decision_reports told ON told.decision = d.id
    WHERE d.id = %s"""
_BATCHES = """
    SELECT t.part, t.key, t.revision,
           (SELECT coalesce(sum(f.rows), 0)::bigint FROM batch_table_results p JOIN files f ON f.path = p.accepted
            WHERE (p.use_case, p.key, p.revision) = (t.use_case, t.key, t.revision)) AS rows
    FROM training_set_batches t WHERE t.request = %s ORDER BY t.part DESC, t.key, t.revision LIMIT 500"""
_CANDIDATES = """
    SELECT name, metrics::json AS metrics, run_id, reason FROM candidates WHERE request = %s ORDER BY name LIMIT 50"""
_SERVED = """
    SELECT count(*) AS batches, coalesce(sum(f.rows), 0)::bigint AS rows, min(p.key) AS first, max(p.key) AS last
    FROM predictions p JOIN files f ON f.path = p.file WHERE p.use_case = %s AND p.version = %s"""
_OVERRIDES = """
    SELECT o.id, o.actor, o.reason, o.expires, o.second_person, j.at, c.actor AS confirmed_by, c.reason AS confirmation
    FROM overrides o JOIN audit_log j ON j.seq = o.audit_seq LEFT JOIN override_confirmations c ON c.override = o.id
    WHERE o.decision = %s ORDER BY o.audit_seq DESC LIMIT 10"""
_AUDIT_LOG = """
    SELECT seq, kind, subject, actor, at FROM (
        SELECT * FROM audit_log WHERE subject = ANY(%s)
        UNION SELECT j.* FROM champion_changes p JOIN audit_log j ON j.seq = p.audit_seq
          WHERE p.use_case = %s AND p.version = %s) lines
    ORDER BY seq LIMIT %s"""


@dataclass(frozen=True)
class DecisionView:
    """What the page of a decision shows besides the evidence, which lies in the lake under `evidence_file`.

    `answer` is (approved, actor, reason, at); `overrides` are the newest first; `promotions` are the changes
    of champion that made this version one;
    `batches` are those trained on and held out, with their accepted rows; `served` counts what the version scored.
    """

    decision: Decision
    row: dict[str, Any]
    evidence_file: FileRef
    answer: dict[str, Any] | None
    overrides: list[dict[str, Any]]
    promotions: list[dict[str, Any]]
    batches: list[dict[str, Any]]
    candidates: list[dict[str, Any]]
    served: dict[str, Any]
    audit_log: list[dict[str, Any]]

    @property
    def serves(self) -> bool:
        """Whether this version is the champion now."""
        return bool(self.row["now_version"] == self.decision.version)

    @property
    def stale(self) -> bool:
        """Whether it compared the challenger with a champion that serves no more, and nothing followed from it since."""
        present = self.row["now_generation"] or 0
        changed = self.decision.champion != self.row["now_version"]
        if self.decision.verdict is Verdict.REVIEW:  # an approval promotes only over the very generation
            changed = self.decision.generation != present
        return changed and not self.serves and not self.promotions and self.answer is None

    @property
    def former(self) -> int | None:
        """The version that served before the present champion; None before the second champion."""
        version: int | None = self.row["before_version"]
        return version

    @property
    def report(self) -> FileRef | None:
        """The archived report; None where a decision has none yet, or is older than they are."""
        return FileRef(**self.row["report"]) if self.row["report"] else None

    @property
    def second(self) -> dict[str, Any] | None:
        """The override that waits for a second person."""
        return next((each for each in self.overrides if each["second_person"] and not each["confirmed_by"]), None)


def decision_view(database: Database, decision: str) -> DecisionView:
    """One decision by its whole id; RecordNotFoundError when the ledger holds none."""
    recorded = PostgresDecisions(database).get(decision)
    with database.snapshot() as rows:
        row = rows.one(_DECISION, decision)
        if row is None:
            raise RecordNotFoundError(f"the ledger holds no decision {decision[:64]!r}")
        about = (row["use_case"], row["version"])
        candidates = rows.all(_CANDIDATES, row["request"])
        subjects = [decision, row["request"], f"{about[0]}/v{about[1]}"]
        subjects += [f"{row['request']}/{candidate['name']}" for candidate in candidates]
        return DecisionView(
            decision=recorded,
            row=row,
            evidence_file=FileRef(**row["evidence_file"]),
            answer=rows.one(
                "SELECT a.approved, a.actor, a.reason, j.at FROM review_responses a JOIN audit_log j ON j.seq = a.audit_seq "
                "WHERE a.decision = %s",
                decision,
            ),
            overrides=rows.all(_OVERRIDES, decision),
            promotions=rows.all(
                "SELECT p.generation, p.kind, p.actor, p.reason, j.at FROM champion_changes p "
                "JOIN audit_log j ON j.seq = p.audit_seq "
                "WHERE p.use_case = %s AND p.version = %s ORDER BY p.generation",
                *about,
            ),
            batches=rows.all(_BATCHES, row["request"]),
            candidates=candidates,
            served=rows.one(_SERVED, *about) or {},
            audit_log=rows.all(_AUDIT_LOG, subjects, *about, LINES),
        )
