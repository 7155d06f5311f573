"""Decisions of earlier versions, archived with evidence and policy: this version makes them again, byte for byte."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from gatehouse.core.audit.canonical_json import canonical, sha256
from gatehouse.core.config.gate import GatePolicy
from gatehouse.core.config.renamed_keys import GATE
from gatehouse.core.gate.decide import decide, decision_document, decision_from_document
from gatehouse.core.gate.evidence_io import evidence_from, evidence_sha256
from gatehouse.settings import ROOT

ARCHIVE = ROOT / "tests" / "archive"
CASES = sorted(ARCHIVE.rglob("*.json"))


def replayed(case: Path, policy: str) -> str:
    """The decision that this version makes on the archived evidence, as canonical JSON."""
    archived = json.loads(case.read_text(encoding="utf-8"))
    rows = pd.read_parquet(case.with_suffix(".parquet"))
    evidence = evidence_from(archived["evidence"], {name: rows[name].to_numpy() for name in rows})
    decision = decide(evidence, GatePolicy.archived(policy), evidence_sha256(archived["evidence"]))
    return canonical(decision_document(decision))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.stem}")
def test_archived_decisions_are_made_again_byte_for_byte(case):
    """Evidence and policy text of any version give the very decision that was archived with them."""
    archived = json.loads(case.read_text(encoding="utf-8"))
    assert replayed(case, archived["policy"]) == archived["decision"]


def test_the_archive_is_one_of_every_verdict_and_every_form():
    """The fixed archive holds PROMOTE, HOLD, REVIEW and BLOCK, of before and after error spending, each in a few kB."""
    assert {case.parent.name for case in CASES} == {"before_spending", "with_spending"}
    verdicts = {json.loads(json.loads(case.read_text(encoding="utf-8"))["decision"])["verdict"] for case in CASES}
    assert verdicts == {"PROMOTE", "HOLD", "REVIEW", "BLOCK"}
    assert max(file.stat().st_size for file in ARCHIVE.rglob("*.*")) < 20_000


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.stem}")
def test_a_changed_limit_or_value_is_noticed(case):
    """The bytes depend on the policy's text and on the evidence: another confidence gives another decision."""
    archived = json.loads(case.read_text(encoding="utf-8"))
    other = json.loads(archived["policy"]) | {"confidence": 0.8}
    assert replayed(case, canonical(other)) != archived["decision"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.stem}")
def test_an_archived_policy_keeps_its_text_and_its_hash(case):
    """Defaults of a later version neither change an archived policy's hash nor what the decision names."""
    archived = json.loads(case.read_text(encoding="utf-8"))
    policy = GatePolicy.archived(archived["policy"])
    assert policy.text == archived["policy"]
    assert policy.hash == sha256(archived["policy"]) == decision_from_document(json.loads(archived["decision"])).policy


def test_what_an_old_text_lacks_means_what_it_meant():
    """Without the keys of today an archived policy neither spends error nor tests itself; a fresh one does both."""
    old = json.loads((ARCHIVE / "before_spending" / "blocked.json").read_text(encoding="utf-8"))["policy"]
    archived, fresh = (
        GatePolicy.archived(old),
        GatePolicy.model_validate_json(json.dumps(GATE.current(json.loads(old)))),
    )
    assert (archived.error_budget, archived.self_test, archived.first_form) == ("decision", 0, True)
    assert (fresh.error_budget, fresh.self_test, fresh.first_form) == ("champion", 1, False)
    assert GatePolicy.archived(fresh.text).hash == fresh.hash
    assert not GatePolicy.archived(fresh.text).first_form
