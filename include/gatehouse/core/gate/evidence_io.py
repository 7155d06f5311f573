"""Evidence as a document and a table of held-out rows, and back: what is archived and hashed."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from gatehouse.core.audit.canonical_json import digest
from gatehouse.core.gate.archived_names import from_archived, to_archived
from gatehouse.core.gate.evidence import Evidence, HoldoutData, ModelFacts
from gatehouse.core.rows.scores import classes_in, is_score, score_columns, score_names, scores_in
from gatehouse.errors import LakeError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

SLICE = "slice:"
_COLUMNS = ("key", "label", "time")


def holdout_columns(holdout: HoldoutData) -> dict[str, NDArray[Any]]:
    """The held-out rows as a plain dict of arrays for a Parquet file: `key`, `label`, `time` (datetime64[us], UTC
    without a zone), `challenger`, `champion` when there is one (`challenger:<class>` for each of more than two classes),
    `slice:<column>` for each slice column, and `weight` where rows have weights."""
    columns: dict[str, NDArray[Any]] = {"key": holdout.keys, "label": holdout.labels, "time": holdout.time}
    columns |= score_columns("challenger", holdout.challenger, holdout.classes)
    if holdout.weights is not None:
        columns["weight"] = holdout.weights
    if holdout.champion is not None:
        columns |= score_columns("champion", holdout.champion, holdout.classes)
    return columns | {f"{SLICE}{name}": values for name, values in holdout.slices.items()}


def holdout_from(columns: Mapping[str, ArrayLike]) -> HoldoutData:
    """The Holdout of `holdout_columns`; LakeError when a column is missing or of another length."""
    classes = classes_in(columns, "challenger")
    missing = [name for name in (*_COLUMNS, *score_names("challenger", classes)) if name not in columns]
    if missing:
        raise LakeError(f"the archived holdout lacks {', '.join(missing)}; it has {', '.join(columns)}")
    holdout = HoldoutData(
        keys=_text(columns["key"]),
        labels=_numbers(columns["label"]),
        time=np.asarray(columns["time"], dtype="datetime64[us]"),
        challenger=scores_in(columns, "challenger", classes),
        champion=scores_in(columns, "champion", classes)
        if any(is_score(each, "champion") for each in columns)
        else None,
        slices={name.removeprefix(SLICE): _text(columns[name]) for name in columns if name.startswith(SLICE)},
        classes=classes,
        weights=_numbers(columns["weight"]) if "weight" in columns else None,
    )
    lengths = {name: len(np.asarray(values)) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise LakeError(f"the archived holdout's columns differ in length: {lengths}")
    return holdout


def evidence_document(evidence: Evidence, holdout_sha256: str) -> dict[str, Any]:
    """Everything but the held-out rows, which stand in it by the sha256 of their file."""
    named = {field.name: getattr(evidence, field.name) for field in dataclasses.fields(evidence)}
    facts = dataclasses.asdict(evidence.facts)
    for moment in ("training_until", "holdout_from"):
        facts[moment] = facts[moment].isoformat()
    measured = {key: dict(values) for key, values in evidence.measured.items()}
    return to_archived(named) | {
        "holdout": holdout_sha256,
        "facts": facts,
        "extra": dict(evidence.extra),
        "measured": measured,
    }


def evidence_sha256(document: Mapping[str, Any]) -> str:
    """The one hash of the evidence: of the document, and through it of the held-out rows."""
    return digest(dict(document))


def evidence_from(document: Mapping[str, Any], columns: Mapping[str, ArrayLike]) -> Evidence:
    """The Evidence of an `evidence_document` and the columns of its holdout."""
    facts = dict(document["facts"])
    for moment in ("training_until", "holdout_from"):
        facts[moment] = datetime.fromisoformat(facts[moment])
    facts["failed_checks"] = tuple(facts["failed_checks"])
    return Evidence(**{**from_archived(document), "holdout": holdout_from(columns), "facts": ModelFacts(**facts)})


def _text(values: ArrayLike) -> NDArray[np.str_]:
    return np.asarray(values, dtype=np.str_)


def _numbers(values: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(values, dtype=np.float64)
