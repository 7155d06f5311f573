"""Alarms as cards: what is off, since when, where it was measured, what happened since, and what to do now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gatehouse.core.performance.alarm_words import alarm_headline
from gatehouse.core.performance.change_kinds import ChangeKind
from gatehouse.queries import AlarmFacts, alarm_facts
from gatehouse.queries.incident_state import UNDER_WAY
from gatehouse_ui.runbook import anchor

if TYPE_CHECKING:
    from gatehouse.queries import OpenIncident
    from gatehouse_ui.data_access import DataAccess

Linked = tuple[str, str]  # words and the address below the pages' own, empty for none
DO = {
    ChangeKind.FAULT: "Ask the source for a corrected delivery.",
    ChangeKind.ERROR: "Correct the source or model.py. Then clear the batch's red task.",
    ChangeKind.CONCEPT: "Find out why no retraining follows, and tell the people who use the scores.",
    ChangeKind.LEVEL: "Find out why no retraining follows. Then retrain, roll back or accept this level.",
    ChangeKind.LABEL: "Check that the outcomes are complete.",
    ChangeKind.COVARIATE: "Read the estimated effect. If it is large, ask for a retraining.",
}
VERDICTS = {
    "REVIEW": "Approve or reject version {}.",
    "HOLD": "Read why the gate held version {}. Then wait for more rows, or override it.",
    "BLOCK": "Read why the gate blocked version {}.",
}


@dataclass(frozen=True)
class AlarmCard:
    """One open alarm for people. `more` are its sentences with all numbers; `again` counts earlier times."""

    use_case: str
    tone: str
    status: str
    kind: str
    headline: str
    since: Linked
    again: int
    measured: Linked
    steps: tuple[Linked, ...]
    todo: Linked
    runbook: str
    more: tuple[str, ...]


def alarm_cards(desk: DataAccess, incidents: Sequence[OpenIncident]) -> list[AlarmCard]:
    """A card for each incident, in the order given."""
    found = []
    for facts in alarm_facts(desk.database, incidents):
        case = desk.known_case(facts.incident.use_case)
        found.append(_card(facts, case.retrain.task if case else ""))
    return found


def _card(facts: AlarmFacts, task: str) -> AlarmCard:
    incident, document = facts.incident, facts.incident.document
    tone, status = _status(facts)
    headline, sentence = alarm_headline(document, facts.judged, task), str(document.get("sentence") or "")
    runbook = f"/use-cases/{incident.use_case}/runbook#{anchor(f'alarm {incident.kind}')}"
    version = f", version {facts.version}" if facts.version else ""
    return AlarmCard(
        use_case=incident.use_case,
        tone=tone,
        status=status,
        kind=incident.kind,
        headline=headline,
        since=(f"batch {document.get('opened') or 'unknown'}", _batch(incident, facts.opened)),
        again=int(document.get("again") or 0),
        measured=(f"batch {facts.measured or 'unknown'}{version}", _batch(incident, facts.measured)),
        steps=_steps(facts),
        todo=_todo(facts, runbook),
        runbook=runbook,
        more=tuple(
            map(str, [*([sentence] if sentence != headline else []), *(document.get("consequences") or ())[:6]])
        ),
    )


def _batch(incident: OpenIncident, ref: str) -> str:
    return f"/batches/{incident.use_case}/{ref}" if ref else ""


def _under_way(facts: AlarmFacts) -> bool:
    return bool(facts.trainings) and facts.trainings[-1]["state"] in UNDER_WAY


def _status(facts: AlarmFacts) -> tuple[str, str]:
    """Red only where a person must act now."""
    if facts.incident.followed:
        return "warn", "! retraining under way" if _under_way(facts) else "! handled, waiting for proof"
    return ("bad", "✗ needs a person") if facts.incident.page else ("warn", "! open, nobody paged")


def _steps(facts: AlarmFacts) -> tuple[Linked, ...]:
    """What happened since it opened, oldest first, each linked to its record."""
    page = f"/use-cases/{facts.incident.use_case}"
    steps = [_training(each, page) for each in facts.trainings]
    champion = facts.champion
    if champion is not None:
        address = f"/decisions/{champion['decision']}" if champion["decision"] else f"{page}#champions"
        steps.append((f"Version {champion['version']} serves by {champion['kind']}", address))
    return tuple(steps)


def _training(each: Any, page: str) -> Linked:
    asked = f"Retraining as of {each['as_of']:%Y-%m-%d}"
    if each["decision"]:
        return f"{asked}: {each['verdict']} on version {each['version']}", f"/decisions/{each['decision']}"
    return f"{asked}: {'under way' if each['state'] in UNDER_WAY else each['state']}", f"{page}#requests"


def _todo(facts: AlarmFacts, runbook: str) -> Linked:
    """The next step of a person, and where it is made."""
    incident, newest = facts.incident, facts.trainings[-1] if facts.trainings else None
    if incident.followed:
        return ("Nothing now. The training ends in a decision." if _under_way(facts) else incident.followed), ""
    if newest is not None and newest["verdict"] in VERDICTS and incident.kind != ChangeKind.FAULT:
        return VERDICTS[newest["verdict"]].format(newest["version"]), f"/decisions/{newest['decision']}"
    if newest is not None and newest["state"] == "failed":
        failed = f"/use-cases/{incident.use_case}/runbook#a-request-failed"
        return "Read why the training failed. Then ask for another.", failed
    return DO.get(incident.kind, "Read the runbook." if incident.page else "Nothing now."), runbook
