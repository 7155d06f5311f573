"""From a table of files or of a database to the five files of a use case."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gatehouse.errors import InvalidInputError
from gatehouse.proposal.choose import Chosen, choose
from gatehouse.proposal.expectations import expectations
from gatehouse.proposal.label import find_label
from gatehouse.proposal.leaks import leaks
from gatehouse.proposal.limits import limits
from gatehouse.proposal.model_text import Features, features, model_text
from gatehouse.proposal.policy_text import contract_text, gate_text, retrain_text
from gatehouse.proposal.shared_key import with_key_of
from gatehouse.proposal.source import described, ended, found_in, refuse_unreadable, source_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from gatehouse.proposal.exported import Exported
    from gatehouse.proposal.source import Origin

_ALONE = "only the time predicts the label: add columns that are known before it, such as its value a day earlier"
_DELAY = {"quarter": "3 months", "year": "12 months"}


@dataclass(frozen=True)
class Request:
    """What a person says about the data; all but the label is found where it is not given."""

    name: str
    origin: Origin
    label: str
    key: tuple[str, ...] = ()
    time: str | None = None
    outcomes: Origin | None = None
    task: str | None = None
    positive: str | None = None


@dataclass(frozen=True)
class Proposal:
    """The texts of the files by name, what was found, and what a person should look at."""

    files: Mapping[str, str]
    evidence: tuple[str, ...]
    warnings: tuple[str, ...]


def propose(asked: Request) -> Proposal:
    """Look at the data and propose all five files; RUNBOOK.md is the template's."""
    table = found_in(asked.origin)
    labelled = found_in(asked.outcomes) if asked.outcomes else table
    label = _column(labelled, asked.label)
    asked = replace(
        asked, key=tuple(_column(table, name) for name in asked.key), time=asked.time and _column(table, asked.time)
    )
    if asked.outcomes:
        labelled = with_key_of(labelled, table, label, asked.key)
    shared = [name for name in labelled.types if name in table.types] if asked.outcomes else None
    chosen = choose(table.rows, table.types, label, asked.key, asked.time, shared)
    refuse_unreadable(asked.origin, asked.outcomes, chosen)
    found = find_label(labelled, label, asked.task, asked.positive)
    types = {name: kind for name, kind in table.types.items() if asked.outcomes or name != label}
    if chosen.numbered:
        (number,) = chosen.key
        types = {number: "integer", **types}
        table.rows.insert(0, number, range(len(table.rows)))
    rows = table.rows.head(len(chosen.batches))
    of_rows = _joined(rows, labelled, found.values, chosen.key) if asked.outcomes else found.values.head(len(rows))
    skip = _names_of_rows(rows, types, chosen)
    told = leaks(rows, [name for name in types if name not in skip and name != chosen.time], of_rows, found.task)
    skip |= {name: f"{sentence}. Take it out of this list if it is known in time" for name, sentence in told.items()}
    model = features(rows, types, skip, chosen.time)
    _refuse_no_features(model)
    alone = () if model.numbers or model.categories else (_ALONE,)
    evidence = (described(table), *chosen.evidence, found.sentence)
    last, old = ended(asked.origin, chosen)
    noted = (*table.notes, *labelled.notes, *told.values(), *_sorted(of_rows, chosen), *alone, *old)
    warnings = tuple(dict.fromkeys(noted))
    numbers = limits(found.task, chosen.batches, _days(rows, chosen), of_rows, chosen.frequency == "hour")
    spec, outcomes = _rows_spec(rows, types, chosen), _outcomes_spec(labelled, label, types, chosen)
    span = ("2024-01-01" if chosen.rows_per_batch else str(chosen.batches.min()), last)
    source = source_of(asked.origin, asked.outcomes, table, labelled, chosen, list(types), label)
    files = {
        "contract.yaml": contract_text(asked.name, source, chosen, span, spec, outcomes, (*evidence, *warnings)),
        "model.py": model_text("rows", label, found, model, labelled.types[label]),
        "retrain.yaml": retrain_text(found.task, numbers, found.classes),
        "gate.yaml": gate_text(asked.name, found.task, numbers),
    }
    return Proposal(files, evidence, warnings)


def _names_of_rows(rows: pd.DataFrame, types: Mapping[str, str], chosen: Chosen) -> dict[str, str]:
    """The columns of the key that are no features, with the reason."""
    return {
        name: "it names the row"
        for name in chosen.key
        if name != chosen.time and (len(chosen.key) == 1 or (types[name] == "string" and rows[name].nunique() > 1000))
    }


def _refuse_no_features(model: Features) -> None:
    if model.numbers or model.categories or model.moments:
        return
    raise InvalidInputError(
        "no column is left to predict the label from",
        found="; ".join(f"{name}: {why}" for name, why in model.left_out.items()) or "the label alone",
        allowed="a file with at least one more column that is known before the label",
    )


def _rows_spec(rows: pd.DataFrame, types: Mapping[str, str], chosen: Chosen) -> dict[str, Any]:
    """The main table as the contract declares it."""
    least = int(chosen.batches.value_counts().min())
    return {
        "key": list(chosen.key), **({"time_column": chosen.time} if chosen.time else {}), "columns": types,
        "min_rows": max(least // 2, 1), "expectations": expectations(rows, types, chosen.key, chosen.time, chosen.batches),
    }  # fmt: skip


def _outcomes_spec(labelled: Exported, label: str, types: Mapping[str, str], chosen: Chosen) -> dict[str, Any]:
    """The outcomes as the contract declares them."""
    columns = {**{name: types[name] for name in chosen.key}, label: labelled.types[label]}
    delay = _DELAY.get(chosen.frequency, f"1 {chosen.frequency}")
    return {"key": list(chosen.key), "columns": columns, "label": label, "delay": delay}


def _column(table: Exported, name: str) -> str:
    """The column by its name in the file or in the contract."""
    found = table.dialect.get("rename", {}).get(name, name)
    if found not in table.types:
        raise InvalidInputError("no such column", found=repr(name), allowed=", ".join(table.types))
    return str(found)


def _joined(rows: pd.DataFrame, labelled: Exported, labels: pd.Series[float], key: Sequence[str]) -> pd.Series[float]:
    known = labelled.rows[list(key)].assign(gh_label=labels).drop_duplicates(list(key))
    return rows[list(key)].merge(known, on=list(key), how="left")["gh_label"]


def _days(rows: pd.DataFrame, chosen: Chosen) -> pd.Series[Any]:
    import pandas as pd

    if chosen.time is None:
        return chosen.batches
    return pd.to_datetime(rows[chosen.time], utc=True).dt.floor("D")


def _sorted(labels: pd.Series[float], chosen: Chosen) -> list[str]:
    """A warning where the rows have no time and the label goes with their order: batches then differ by design."""
    import pandas as pd

    order = pd.Series(range(len(labels)), dtype="float64")
    if chosen.time is not None or abs(labels.reset_index(drop=True).rank().corr(order)) < 0.5:
        return []
    return [
        "the rows are sorted by the label, so no batch is like the one before: shuffle the file, or name a time column"
    ]
