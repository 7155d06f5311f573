"""The measures: each a name, a kind, a sentence, and a pure function of the ledger's facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from gatehouse.telemetry.queries import Facts

Kind = Literal["gauge", "counter"]
_STATES = ("landed", "accepted", "quarantined", "discarded")


@dataclass(frozen=True)
class Sample:
    """One number and its labels; those of a use case have the label `use_case`."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True)
class Measure:
    """A measure by its Prometheus name (a counter's ends in `_total`). Seconds and rows are in the name."""

    name: str
    kind: Kind
    help: str
    of: Callable[[Facts], Iterable[Sample]]


def _each(table: str, column: str, **labels: str) -> Callable[[Facts], Iterator[Sample]]:
    """A column of a table of facts, a sample a row; `labels` are label=column. Rows without a number give none."""

    def of(facts: Facts) -> Iterator[Sample]:
        for row in getattr(facts, table):
            if row[column] is not None:
                yield Sample(
                    {"use_case": row["use_case"], **{k: str(row[v]) for k, v in labels.items()}}, float(row[column])
                )

    return of


def _spread(table: str, label: str, columns: Iterable[str]) -> Callable[[Facts], Iterator[Sample]]:
    """Several columns of a table as one measure, told apart by a label."""

    def of(facts: Facts) -> Iterator[Sample]:
        for row in getattr(facts, table):
            for column in columns:
                yield Sample({"use_case": row["use_case"], label: column}, float(row[column] or 0))

    return of


def _incidents(facts: Facts) -> Iterator[Sample]:
    for row in facts.watches:
        opened = [each for each in row["incidents"] or [] if each.get("state") != "resolved"]
        paging = sum(bool(each.get("page", True)) for each in opened)
        yield Sample({"use_case": row["use_case"], "wakes": "somebody"}, float(paging))
        yield Sample({"use_case": row["use_case"], "wakes": "nobody"}, float(len(opened) - paging))


def _ledger(column: str) -> Callable[[Facts], Iterator[Sample]]:
    def of(facts: Facts) -> Iterator[Sample]:
        if facts.ledger.get(column) is not None:
            yield Sample({}, float(facts.ledger[column]))

    return of


CATALOGUE = (
    Measure("gatehouse_batches", "gauge", "Batches by the state they rest in.", _spread("batches", "state", _STATES)),
    Measure("gatehouse_batches_waiting", "gauge", "Batches that wait to be validated or watched.",
            _each("batches", "waiting")),
    Measure("gatehouse_batch_waiting_seconds", "gauge", "How long the oldest waiting batch has waited.",
            _each("batches", "waiting_age")),
    Measure("gatehouse_batch_age_seconds", "gauge", "How long ago the newest batch landed.",
            _each("batches", "newest_age")),
    Measure("gatehouse_batches_held", "gauge", "Quarantined batches that wait for a person.", _each("batches", "held")),
    Measure("gatehouse_batch_held_seconds", "gauge", "How long the oldest of them has waited.",
            _each("batches", "held_age")),
    Measure("gatehouse_rows_total", "counter", "Rows of validated batches: accepted, or quarantined one by one.",
            _spread("rows", "part", ("accepted", "quarantined"))),
    Measure("gatehouse_alarms", "gauge", "Alarms of the newest watched batch.", _each("watches", "alarms")),
    Measure("gatehouse_incidents", "gauge", "Incidents open after the newest watched batch, by whom they wake.",
            _incidents),
    Measure("gatehouse_requests", "gauge", "Retrain requests by state.", _each("requests", "count", state="state")),
    Measure("gatehouse_decisions_total", "counter", "Decisions of the gate by verdict.",
            _each("decisions", "count", verdict="verdict")),
    Measure("gatehouse_reviews_waiting", "gauge", "Reviews that wait for a person.", _each("reviews", "waiting")),
    Measure("gatehouse_review_age_seconds", "gauge", "How long the oldest review has waited.", _each("reviews", "age")),
    Measure("gatehouse_champion_version", "gauge", "The version in production.", _each("champions", "version")),
    Measure("gatehouse_champion_changes_total", "counter", "Changes of champion: the epoch.",
            _each("champions", "epoch")),
    Measure("gatehouse_champion_age_seconds", "gauge", "How long the champion has served.", _each("champions", "age")),
    Measure("gatehouse_champion_data_age_seconds", "gauge", "How long ago the champion's training data ended.",
            _each("champions", "data_age")),
    Measure("gatehouse_stage_seconds", "gauge", "The newest run of each stage, from its start to its journal entry.",
            _each("stages", "seconds", stage="stage")),
    Measure("gatehouse_journal_entries_total", "counter", "Entries of the journal.", _ledger("entries")),
    Measure("gatehouse_upkeep_age_seconds", "gauge", "How long ago upkeep last found nothing wrong.",
            _ledger("upkeep_age")),
)  # fmt: skip


def measures(
    facts: Facts, readable: Callable[[set[str]], set[str]] = lambda names: names
) -> list[tuple[Measure, list[Sample]]]:
    """Every measure with its samples; `readable` picks the use cases that may be told."""
    all_samples = [(measure, list(measure.of(facts))) for measure in CATALOGUE]
    names = {sample.labels["use_case"] for _, found in all_samples for sample in found if "use_case" in sample.labels}
    told = readable(names)
    return [
        (measure, [sample for sample in found if sample.labels.get("use_case", "") in told | {""}])
        for measure, found in all_samples
    ]
