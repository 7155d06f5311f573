"""I1, I2 and I10: who the champion is, why, and whether MLflow says the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from gatehouse.core.audit.canonical_json import digest, sha256
from gatehouse.core.gate.evidence_io import evidence_sha256
from gatehouse.errors import ServiceUnavailableError, TrackingError

if TYPE_CHECKING:
    from gatehouse.invariants.result import InvariantContext


def one_champion(look: InvariantContext) -> None:
    """I1. The promotions of a use case count 1, 2, 3, ... without a gap, and the champion is the last of them."""
    look.examine("SELECT use_case FROM current_champions")
    look.refuse(
        """
        SELECT * FROM (
            SELECT use_case, generation, row_number() OVER (PARTITION BY use_case ORDER BY generation, audit_seq) AS number
            FROM champion_changes) p
        WHERE generation <> number
        """,
        "{use_case}: promotion number {number} has generation {generation}",
    )
    look.refuse(
        """
        SELECT use_case, c.generation, c.version, p.generation AS last, p.version AS promoted
        FROM current_champions c
        FULL JOIN (SELECT DISTINCT ON (use_case) * FROM champion_changes ORDER BY use_case, generation DESC) p
             USING (use_case)
        WHERE (c.generation, c.version) IS DISTINCT FROM (p.generation, p.version)
        """,
        "{use_case}: the champion is version {version} of generation {generation}, "
        "the last promotion is version {promoted} of generation {last}",
    )


def justified_champion(look: InvariantContext) -> None:
    """I2. Each promotion rests on what it names, and what the decision was computed from is in the lake."""
    look.examine("SELECT generation FROM champion_changes")
    look.refuse(
        "SELECT p.* FROM champion_changes p WHERE NOT promotion_is_justified(p)",
        "{use_case}: version {version} became the champion of generation {generation} by {kind} of {actor} "
        "(decision {decision}), and nothing allows it",
    )
    decisions = """
        SELECT id, evidence, policy, policy_text, file(evidence_file) AS file FROM decisions ORDER BY audit_seq
    """
    for row in look.examine(decisions):
        _archived(look, row)


def _archived(look: InvariantContext, row: dict[str, Any]) -> None:
    """A decision is named by evidence and policy, and both are in the archive as they were."""
    whose = f"decision {row['id']}"
    look.expect(
        row["id"] == digest({"evidence": row["evidence"], "policy": row["policy"]}), f"{whose} has another name"
    )
    look.expect(row["policy"] == sha256(row["policy_text"]), f"{whose} has another policy")
    data = look.bytes_of(f"evidence of {whose}", row["file"])
    document = _evidence(data) if data is not None else None
    look.expect(data is None or document is not None, f"evidence of {whose}: the file holds no evidence")
    if document is not None:
        look.expect(row["evidence"] == evidence_sha256(document["evidence"]), f"{whose} has other evidence")
        look.table(f"held-out rows of {whose}", document["holdout_file"])


def _evidence(data: bytes) -> dict[str, Any] | None:
    """The archived document; None where the file is another one."""
    try:
        document = json.loads(data)
    except ValueError:
        return None
    named = isinstance(document, dict) and {"evidence", "holdout_file"} <= document.keys()
    return document if named else None


def mlflow_alias_matches(look: InvariantContext) -> None:
    """I10. MLflow's alias `champion` points at the ledger's champion."""
    if look.tracking is None:
        look.notes.append("MLflow was not asked: no tracking server is configured")
        return
    for row in look.examine(
        "SELECT DISTINCT use_case, c.version FROM model_versions LEFT JOIN current_champions c USING (use_case)"
    ):
        use_case, version = row["use_case"], row["version"]
        try:
            found = look.tracking.champion_alias(use_case)
        except (TrackingError, ServiceUnavailableError) as error:
            look.breaches.append(f"{use_case}: whether MLflow mirrors the ledger is not known: {error}")
            return  # MLflow would let each further use case wait as long
        look.expect(
            found == version,
            f"{use_case}: MLflow's alias champion points at version {found}, the ledger's champion is {version}",
        )
