"""Evidence archived and read back is the same evidence with the same hash."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from gatehouse.core.audit.canonical_json import canonical
from gatehouse.core.gate.decide import decide, decision_document
from gatehouse.core.gate.evidence_io import (
    evidence_document,
    evidence_from,
    evidence_sha256,
    holdout_columns,
    holdout_from,
)
from gatehouse.errors import LakeError
from support.evidence_maker import SHA, evidence, holdout, policy


def parquet(columns):
    """The columns after a round trip through Parquet, as a stage reads them."""
    file = io.BytesIO()
    pd.DataFrame(columns).to_parquet(file)
    frame = pd.read_parquet(file)
    return {name: frame[name].to_numpy() for name in frame.columns}


def weighted():
    """Held-out rows of which some count more than others."""
    rows = holdout(0.1, 0.9)
    return replace(rows, weights=np.arange(rows.rows) % 5 / 2)


@pytest.mark.parametrize("rows", [holdout(0.1, 0.9), holdout(0.1, None), weighted()])
def test_evidence_survives_the_archive(rows):
    """Through canonical JSON and a Parquet file: same arrays, same document, same hash, same decision bytes."""
    rows = replace(rows, challenger=np.where(np.arange(rows.rows) == 5, np.nan, rows.challenger))
    before = evidence(rows, failed_checks=("2013-03: weather",), load_seconds=None)
    document = evidence_document(before, "77" * 32)
    after = evidence_from(json.loads(canonical(document)), parquet(holdout_columns(before.holdout)))
    for name, values in holdout_columns(before.holdout).items():
        restored = holdout_columns(after.holdout)[name]
        assert restored.dtype.kind == values.dtype.kind
        assert np.array_equal(restored, values, equal_nan=values.dtype.kind == "f")
    assert evidence_sha256(evidence_document(after, "77" * 32)) == evidence_sha256(document)
    rules = policy({"rule": "not_worse_than_champion", "metric": "log_loss", "margin": 0.01})
    first, second = (canonical(decision_document(decide(one, rules, SHA))) for one in (before, after))
    assert first == second


def test_any_change_of_evidence_changes_its_hash():
    """A measured fact, the file of held-out rows, an extra: each is covered."""
    base = evidence()
    hashes = {
        evidence_sha256(evidence_document(one, rows))
        for one, rows in [
            (base, "77" * 32),
            (base, "78" * 32),
            (evidence(maturity=0.99), "77" * 32),
            (replace(base, version=5), "77" * 32),
            (replace(base, extra={"note": 1}), "77" * 32),
        ]
    }
    assert len(hashes) == 5


def test_a_holdout_that_lost_a_column_is_named():
    """A missing or shortened column is a LakeError that says which."""
    columns = holdout_columns(holdout())
    with pytest.raises(LakeError, match="lacks label"):
        holdout_from({name: values for name, values in columns.items() if name != "label"})
    with pytest.raises(LakeError, match="differ in length"):
        holdout_from({**columns, "challenger": columns["challenger"][1:]})


def test_what_was_measured_survives_the_archive():
    """Through JSON, NaN as text and tuples as lists, measured rules decide to the same bytes."""
    rules = policy(
        {"rule": "monotone", "feature": "rain", "direction": "increasing"},
        {"rule": "invariant", "column": "sex", "max_change": 0.1},
        {"rule": "lineage_intact"},
    )
    keys = [need.key for rule in rules.rules for need in rule.needs()]
    found = [
        {"falling": 0.0, "points": 3, "rows": 9},
        {"change": float("nan")},
        {"files": 3, "broken": ("model: gone",)},
    ]
    before = replace(evidence(), measured=dict(zip(keys, found, strict=True)))
    document = json.loads(canonical(evidence_document(before, "77" * 32)))
    after = evidence_from(document, holdout_columns(before.holdout))
    first, second = (decide(one, rules, SHA) for one in (before, after))
    assert canonical(decision_document(first)) == canonical(decision_document(second))
    assert [result.outcome.value for result in first.results[:3]] == ["PASS", "INCONCLUSIVE", "FAIL"]


def test_evidence_from_before_something_was_measured_still_loads():
    """Fields that came later mean `not measured`: a rule about them is INCONCLUSIVE, and the old hash is kept."""
    old = json.loads(canonical(evidence_document(evidence(), "77" * 32)))
    del old["measured"], old["facts"]["memory_bytes"]
    rules = policy({"rule": "handles_unseen_values"}, {"rule": "prediction_memory", "max_mb": 1})
    results = decide(evidence_from(old, holdout_columns(evidence().holdout)), rules, evidence_sha256(old)).results
    assert [result.outcome.value for result in results[:2]] == ["INCONCLUSIVE", "INCONCLUSIVE"]
    assert "was not measured" in results[0].sentence
