"""I13: the labels of training sets and holdouts, derived again from the accepted rows and the outcomes.

The join is another one than the pipeline's on purpose: it compares tuples of Python values and never the texts of
`core.rows.row_keys`, so what is wrong there is found here.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from gatehouse.errors import LakeError, ModelError
from gatehouse.use_case_code import labels_of

if TYPE_CHECKING:
    import pandas as pd

    from gatehouse.core.config.contract import Contract
    from gatehouse.core.types import FileRef
    from gatehouse.invariants.result import InvariantContext
    from gatehouse.use_case import UseCase

BATCH, LABEL = "gh_batch", "gh_label"
_SETS = """
    SELECT s.request, s.model_code, r.use_case, r.as_of AS holdout_as_of, file(s.training) AS training,
           file(s.holdout) AS holdout,
           (SELECT min(o.as_of) FROM training_sets first JOIN retrain_requests o ON o.id = first.request
            WHERE (first.training, o.use_case) = (s.training, r.use_case)) AS training_as_of  -- reinstated: rows of then
    FROM training_sets s JOIN retrain_requests r ON r.id = s.request ORDER BY s.audit_seq"""
_FILES = """
    SELECT batch_name(b.use_case, b.key, b.revision) AS batch, p.name, file(p.accepted) AS accepted,
           (SELECT file(o.file) FROM outcomes o WHERE (o.use_case, o.key) = (b.use_case, b.key) AND o.arrived <= %s
            ORDER BY o.revision DESC LIMIT 1) AS outcomes
    FROM training_set_batches b JOIN batch_table_results p USING (use_case, key, revision)
    WHERE b.request = %s AND b.part = %s ORDER BY b.key"""


def own_labels(look: InvariantContext) -> None:
    """I13. Each row of a training set or holdout has the label that its own outcome gives."""
    derived: dict[tuple[str, str], list[float]] = {}
    for row in look.examine(_SETS):
        case, whose = look.use_cases.get(row["use_case"]), f"labels of request {row['request']}"
        if case is None:
            look.notes.append(f"{whose} were not derived again: use case {row['use_case']} is not installed")
        elif row["model_code"] != case.code_sha256:
            look.notes.append(f"{whose} were not derived again: another model.py made them")
        else:
            for part in ("training", "holdout"):
                _compare(look, case, row, part, derived)


def _compare(
    look: InvariantContext,
    case: UseCase,
    row: Mapping[str, Any],
    part: str,
    derived: dict[tuple[str, str], list[float]],
) -> None:
    recorded = look.table(f"{part} of request {row['request']}", row[part])
    if recorded is None or not {BATCH, LABEL} <= set(recorded.columns):
        return  # I9 names it
    by_batch = {
        str(batch): rows[LABEL].to_numpy("float64").tolist() for batch, rows in recorded.groupby(BATCH, sort=False)
    }
    as_of = row[f"{part}_as_of"]
    for files in look.ledger.all(_FILES, as_of, row["request"], part):
        if files["name"] != case.contract.main:
            continue
        whose = f"{part} of request {row['request']}, batch {files['batch']}"
        if files["outcomes"] is None:
            look.expect(False, f"{whose}: no outcomes had arrived by {as_of}")
            continue
        accepted, outcomes = (look.file(f"{whose}, {name}", files[name]) for name in ("accepted", "outcomes"))
        if accepted is None or outcomes is None:
            continue
        again = _derived(look, case, accepted, outcomes, whose, derived)
        if again is not None:
            _same(look, whose, by_batch.get(files["batch"], []), again)


def _derived(
    look: InvariantContext,
    case: UseCase,
    accepted: FileRef,
    outcomes: FileRef,
    whose: str,
    known: dict[tuple[str, str], list[float]],
) -> list[float] | None:
    """The labels of a batch's rows, each pair of files joined once; None, and a breach, where that cannot be."""
    pair = (accepted.path, outcomes.path)
    try:
        if pair not in known:
            rows, arrived = look.lake.frame(accepted), look.lake.frame(outcomes)
            known[pair] = derive(rows, arrived, case.contract, partial(labels_of, case))
        return known[pair]
    except (LakeError, ModelError, KeyError, ValueError) as error:
        look.breaches.append(f"{whose}: {error}")
        return None


def _same(look: InvariantContext, whose: str, recorded: list[float], derived: list[float]) -> None:
    look.rows += len(recorded)
    if len(recorded) != len(derived):
        look.breaches.append(f"{whose}: {len(recorded)} rows have a label, derived again {len(derived)} have")
        return
    wrong = [number for number, (one, other) in enumerate(zip(recorded, derived)) if one != other]
    if wrong:
        first = wrong[0]
        look.breaches.append(
            f"{whose}: {len(wrong)} of {len(recorded)} labels are not those of their rows; labelled row {first + 1} has "
            f"{recorded[first]}, its outcome gives {derived[first]}"
        )


def derive(
    rows: pd.DataFrame, outcomes: pd.DataFrame, contract: Contract, labels: Callable[[pd.DataFrame], pd.Series[float]]
) -> list[float]:
    """The labels of the rows that have one, in the order of the rows: a dictionary of typed key tuples is the join."""
    known: dict[tuple[Any, ...], set[float]] = {}
    for key, label in zip(_tuples(outcomes, contract), labels(outcomes).tolist()):
        if not math.isnan(label):
            known.setdefault(key, set()).add(label)
    found = (known.get(key, set()) for key in _tuples(rows, contract))
    return [next(iter(label)) for label in found if len(label) == 1]


def _tuples(frame: pd.DataFrame, contract: Contract) -> list[tuple[Any, ...]]:
    columns = [frame[name].astype("object").tolist() for name in contract.outcomes.key]
    return list(zip(*([_normalised(value, contract) for value in column] for column in columns)))


def _normalised(value: Any, contract: Contract) -> Any:
    if isinstance(value, str):
        steps = contract.normalise_keys
        value = value.strip() if "strip" in steps else value
        value = value.casefold() if "casefold" in steps else value
        value = unicodedata.normalize("NFC", value) if "nfc" in steps else value
    return value
