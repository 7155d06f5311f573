"""Whether anything is wrong with the installation: a pure judgement of what was asked of each part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gatehouse.telemetry.queries import LedgerSnapshot

MAINTENANCE_SECONDS = 1800.0  # three of its periods, so that one slow sweep wakes nobody
ENDED_SECONDS = 1200.0  # two of its periods: it runs every ten minutes, whatever it finds
WAITING_SECONDS = 3600.0  # for a use case whose own patience is not known


@dataclass(frozen=True)
class HealthProblem:
    """What is wrong: the part, and a sentence without addresses' passwords or keys."""

    part: str
    sentence: str


@dataclass(frozen=True)
class HealthReport:
    """`parts` says of each part `ok` or `wrong`; `measured` are the numbers that it was judged by (seconds)."""

    parts: Mapping[str, str]
    problems: tuple[HealthProblem, ...] = ()
    measured: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return not self.problems

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "status": "ok" if self.ok else "wrong",
            "parts": dict(self.parts),
            "problems": [vars(problem) for problem in self.problems],
            "measured": dict(self.measured),
        }


def judge(facts: LedgerSnapshot | None, failures: Mapping[str, str], patience: Mapping[str, float]) -> HealthReport:
    """The health of an installation.

    `facts` is None when the ledger does not answer; `failures` maps `ledger`, `lake` and `mlflow` to what went wrong when
    they were asked ("" when nothing did); `patience` says how many seconds a batch of a use case may wait.
    """
    problems = [HealthProblem(part, sentence) for part, sentence in failures.items() if sentence]
    parts = {part: "wrong" if sentence else "ok" for part, sentence in failures.items()}
    if facts is None:
        return HealthReport(parts | {"maintenance": "unknown", "batches": "unknown"}, tuple(problems))
    found = {"maintenance": _maintenance(facts), "batches": _waiting(facts, patience)}
    problems += [problem for each in found.values() for problem in each]
    ages = [row["waiting_age"] for row in facts.batches if row["waiting_age"] is not None]
    measured = {"upkeep_age": facts.ledger.get("upkeep_age"), "oldest_waiting": max(ages, default=None)}
    return HealthReport(
        parts | {part: "wrong" if each else "ok" for part, each in found.items()}, tuple(problems), measured
    )


def _maintenance(facts: LedgerSnapshot) -> list[HealthProblem]:
    """Late when its last success, or without one the ledger's first entry, is too long ago."""
    last, since = facts.ledger.get("upkeep_age"), facts.ledger.get("age")
    if last is not None and last > MAINTENANCE_SECONDS:
        sentence = (
            f"maintenance last found nothing wrong {last / 60:.0f} min ago; allowed {MAINTENANCE_SECONDS / 60:.0f} min"
        )
    elif last is None and since is not None and since > MAINTENANCE_SECONDS:
        sentence = f"maintenance has never found nothing wrong in the {since / 60:.0f} min that the ledger is in use"
    else:
        return _ended(facts)
    return [HealthProblem("maintenance", f"{sentence}; see the runs of gatehouse__maintenance in Airflow")]


def _ended(facts: LedgerSnapshot) -> list[HealthProblem]:
    """Late when no run of maintenance has come to its end for two periods, whatever it would have found."""
    last = facts.ledger.get("ended_age")
    if last is None or last <= ENDED_SECONDS:
        return []
    sentence = f"no run of maintenance has ended for {last / 60:.0f} min; allowed {ENDED_SECONDS / 60:.0f} min"
    return [HealthProblem("maintenance", f"{sentence}; see the runs of gatehouse__maintenance in Airflow")]


def _waiting(facts: LedgerSnapshot, patience: Mapping[str, float]) -> list[HealthProblem]:
    """A batch that waits for longer than its use case's patience with a retrain request, and an hour, is stuck."""
    problems = []
    for row in facts.batches:
        allowed = patience.get(row["use_case"], 0.0) + WAITING_SECONDS
        if row["waiting_age"] is not None and row["waiting_age"] > allowed:
            problems.append(
                HealthProblem(
                    "batches",
                    f"{row['use_case']}: {row['waiting']} batches wait, the oldest for {row['waiting_age'] / 60:.0f} min; "
                    f"allowed {allowed / 60:.0f} min; see the use case's ingest and watch DAGs in Airflow",
                )
            )
    return problems
