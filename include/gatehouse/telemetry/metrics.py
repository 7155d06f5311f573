"""The measures: each a name, a kind, a sentence, and a pure function of the ledger's facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from gatehouse.telemetry.queries import LedgerSnapshot

Kind = Literal["gauge", "counter"]
_STATES = ("landed", "accepted", "quarantined", "discarded")


@dataclass(frozen=True)
class MetricSample:
    """One number and its labels; those of a use case have the label `use_case`."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True)
class Metric:
    """A measure by its Prometheus name (a counter's ends in `_total`). Seconds and rows are in the name."""

    name: str
    kind: Kind
    help: str
    of: Callable[[LedgerSnapshot], Iterable[MetricSample]]


def _each(table: str, column: str, **labels: str) -> Callable[[LedgerSnapshot], Iterator[MetricSample]]:
    """A column of a table of facts, a sample a row; `labels` are label=column. Rows without a number give none."""

    def of(facts: LedgerSnapshot) -> Iterator[MetricSample]:
        for row in getattr(facts, table):
            if row[column] is not None:
                yield MetricSample(
                    {"use_case": row["use_case"], **{k: str(row[v]) for k, v in labels.items()}}, float(row[column])
                )

    return of


def _spread(table: str, label: str, columns: Iterable[str]) -> Callable[[LedgerSnapshot], Iterator[MetricSample]]:
    """Several columns of a table as one measure, told apart by a label."""

    def of(facts: LedgerSnapshot) -> Iterator[MetricSample]:
        for row in getattr(facts, table):
            for column in columns:
                yield MetricSample({"use_case": row["use_case"], label: column}, float(row[column] or 0))

    return of


def _incidents(facts: LedgerSnapshot) -> Iterator[MetricSample]:
    for row in facts.watches:
        opened = [each for each in row["incidents"] or [] if each.get("state") != "resolved"]
        paging = sum(bool(each.get("page", True)) for each in opened)
        yield MetricSample({"use_case": row["use_case"], "wakes": "somebody"}, float(paging))
        yield MetricSample({"use_case": row["use_case"], "wakes": "nobody"}, float(len(opened) - paging))


def _ledger(column: str) -> Callable[[LedgerSnapshot], Iterator[MetricSample]]:
    def of(facts: LedgerSnapshot) -> Iterator[MetricSample]:
        if facts.ledger.get(column) is not None:
            yield MetricSample({}, float(facts.ledger[column]))

    return of


CATALOGUE = (
    Metric("gatehouse_batches", "gauge", "Batches by the state they rest in.", _spread("batches", "state", _STATES)),
    Metric("gatehouse_batches_waiting", "gauge", "Batches that wait to be validated or monitored.",
            _each("batches", "waiting")),
    Metric("gatehouse_batch_waiting_seconds", "gauge", "How long the oldest waiting batch has waited.",
            _each("batches", "waiting_age")),
    Metric("gatehouse_batch_age_seconds", "gauge", "How long ago the newest batch landed.",
            _each("batches", "newest_age")),
    Metric("gatehouse_batches_quarantined", "gauge", "Quarantined batches that wait for a person.", _each("batches", "held")),
    Metric("gatehouse_batch_quarantined_seconds", "gauge", "How long the oldest of them has waited.",
            _each("batches", "held_age")),
    Metric("gatehouse_rows_total", "counter", "Rows of validated batches: accepted, or quarantined one by one.",
            _spread("rows", "part", ("accepted", "quarantined"))),
    Metric("gatehouse_alarms", "gauge", "Alarms of the newest monitored batch.", _each("watches", "alarms")),
    Metric("gatehouse_incidents", "gauge", "Incidents open after the newest monitored batch, by whether they page somebody.",
            _incidents),
    Metric("gatehouse_requests", "gauge", "Retrain requests by state.", _each("requests", "count", state="state")),
    Metric("gatehouse_decisions_total", "counter", "Decisions of the gate by verdict.",
            _each("decisions", "count", verdict="verdict")),
    Metric("gatehouse_reviews_waiting", "gauge", "Reviews that wait for a person.", _each("reviews", "waiting")),
    Metric("gatehouse_review_age_seconds", "gauge", "How long the oldest review has waited.", _each("reviews", "age")),
    Metric("gatehouse_champion_version", "gauge", "The version in production.", _each("champions", "version")),
    Metric("gatehouse_champion_changes_total", "counter", "Changes of champion: the generation.",
            _each("champions", "generation")),
    Metric("gatehouse_champion_age_seconds", "gauge", "How long the champion has served.", _each("champions", "age")),
    Metric("gatehouse_champion_data_age_seconds", "gauge", "How long ago the champion's training data ended.",
            _each("champions", "data_age")),
    Metric("gatehouse_stage_seconds", "gauge", "The newest run of each stage, from its start to its audit log entry.",
            _each("stages", "seconds", stage="stage")),
    Metric("gatehouse_audit_log_entries_total", "counter", "Entries of the audit log.", _ledger("entries")),
    Metric("gatehouse_maintenance_age_seconds", "gauge", "How long ago maintenance last found no problem.",
            _ledger("upkeep_age")),
)  # fmt: skip


def collect_metrics(
    facts: LedgerSnapshot, readable: Callable[[set[str]], set[str]] = lambda names: names
) -> list[tuple[Metric, list[MetricSample]]]:
    """Every measure with its samples; `readable` picks the use cases that may be told."""
    all_samples = [(measure, list(measure.of(facts))) for measure in CATALOGUE]
    names = {sample.labels["use_case"] for _, found in all_samples for sample in found if "use_case" in sample.labels}
    told = readable(names)
    return [
        (measure, [sample for sample in found if sample.labels.get("use_case", "") in told | {""}])
        for measure, found in all_samples
    ]
