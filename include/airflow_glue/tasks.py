"""The bodies of the tasks: each opens the site and calls one stage. Libraries are imported here, in the task, never at parse."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import structlog
from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowSkipException
from structlog.contextvars import bind_contextvars

from airflow_glue.forms import OWN_WINDOW
from airflow_glue.wiring import Stage, dag_id
from gatehouse.core.records import BatchId, BatchState, RequestState
from gatehouse.errors import GatehouseError, StaleAttempt, UnknownRecord, WrongInput

if TYPE_CHECKING:
    from airflow.sdk import Context

    from gatehouse.core.records import Decision
    from gatehouse.wiring import InstalledSite


log = logging.getLogger(__name__)
event_log = structlog.get_logger("gatehouse")
UNDER_WAY = (None, "scheduled", "queued", "running", "deferred", "awaiting_input", "up_for_retry")


def site_of(folder: str, **about: str) -> InstalledSite:
    """The site of the use case in `folder`. Each later line of the task's log carries its name and what `about` names, as
    fields beside those that Airflow binds itself (dag, run, task, try)."""
    from gatehouse.wiring import open_site

    site = open_site(folder)
    bind_contextvars(use_case=site.name, **about)
    return site


def parse(use_case: str, ref: str) -> BatchId:
    """`2013-03.r1` as a batch; the newest revision's number is part of the name."""
    key, _, revision = ref.rpartition(".r")
    if not key or not revision.isdigit():
        raise UnknownRecord(f"not a batch: {ref!r}; a batch is named like 2013-03.r1")
    return BatchId(use_case, key, int(revision))


def ref_of(batch: BatchId) -> str:
    """A batch as tasks name it to each other: `2013-03.r1`."""
    return f"{batch.key}.r{batch.revision}"


def land(folder: str, key: str | None) -> list[str]:
    """Land one batch, or everything the source has and whatever else waits; returns the batches to validate."""
    from gatehouse.stages import ingest

    site = site_of(folder)
    if key:
        return [ref_of(ingest.land(site, key).id)]
    for pending in ingest.pending(site):
        ingest.land(site, pending)
    return [ref_of(batch.id) for batch in site.ledger.batches.list(site.name) if batch.state is BatchState.LANDED]


def collect_outcomes(folder: str, refs: list[str]) -> list[str]:
    """Collect the outcomes that are due with the landed batches, in the order of time; returns whose they are."""
    from gatehouse.stages import outcomes

    site = site_of(folder)
    keys = sorted(parse(site.name, ref).key for ref in refs)
    return [ref_of(found.batch) for key in keys for found in outcomes.collect(site, key)]


def validate(folder: str, ref: str) -> bool:
    """Validate a batch; True when it is accepted."""
    from gatehouse.stages.validate import validate as validate_batch

    site = site_of(folder, batch=ref)
    batch = validate_batch(site, parse(site.name, ref))
    event_log.info("validated", state=batch.state, reason=batch.reason)
    return batch.state is BatchState.ACCEPTED


def batch_of(folder: str, context: Context, parked: str | None = None) -> tuple[InstalledSite, BatchId]:
    """The batch this run is for: the one it parked with, its partition key, the form's, or the oldest that waits."""
    from gatehouse.stages.score import waiting

    site = site_of(folder)
    ref = parked or context["dag_run"].partition_key or context["params"].get("batch")
    batch = parse(site.name, ref) if ref else next((each.id for each in waiting(site)), None)
    if batch is None:
        raise AirflowSkipException(f"no accepted batch of {site.name} waits to be watched")
    site.ledger.attempts.enter(f"{batch}/run")
    bind_contextvars(batch=ref_of(batch))
    return site, batch


def score_batch(site: InstalledSite, batch: BatchId) -> str:
    """Score a batch; returns its name."""
    from gatehouse.stages.score import score

    prediction = score(site, batch)
    event_log.info("scored", version=prediction.version if prediction else None)
    return ref_of(batch)


def watch(folder: str, ref: str) -> str | None:
    """Watch a batch; returns the retrain request that is open after it."""
    from gatehouse.stages.watch import watch as watch_batch

    site = site_of(folder, batch=ref)
    request = watch_batch(site, parse(site.name, ref))
    event_log.info("watched", request=request.id if request is not None else None)
    return request.id if request is not None and request.state is RequestState.OPEN else None


def claim(folder: str, context: Context) -> tuple[str, list[str]]:
    """Claim the run's request (or the one a person asks for in the form) and build its training set; gives the request
    and the names of the candidates."""
    from gatehouse.stages import fit, gather

    site = site_of(folder)
    request_id = context["dag_run"].partition_key or _asked(site, context)
    request = gather.claim(site, request_id)
    if request.state is not RequestState.CLAIMED:
        raise AirflowSkipException(f"request {request.id[:8]} is {request.state} already: {request.closing}")
    with closing(site, request_id):
        gather.gather(site, request)
        return request_id, fit.names(site, request)


def _asked(site: InstalledSite, context: Context) -> str:
    """The request that a person asks for in the form, or the open one."""
    from gatehouse.stages.ask import ask

    form = dict(context["params"])
    window = None if form.get("window") in (None, OWN_WINDOW) else form["window"]
    wanted = (window, form.get("batches"), tuple(form.get("estimators") or ()))
    if form.get("reason"):
        return ask(site, asker(context["dag_run"]), form["reason"], *wanted).id
    if any(wanted):
        raise WrongInput("a window or estimators were chosen and no reason was given", found="", allowed="a sentence")
    pending = site.ledger.requests.pending(site.name)
    if pending is None:
        raise AirflowSkipException(f"no retrain request of {site.name} is open; fill in a reason to ask for one")
    return pending.id


def asker(dag_run: Any) -> str:
    """Who filled in the form."""
    return dag_run.triggering_user_name or "airflow"


def fit(folder: str, request_id: str, name: str) -> dict[str, float]:
    """Fit one candidate; returns its metrics (none when it failed: the ledger says why)."""
    from gatehouse.stages.fit import fit as fit_candidate

    candidate = fit_candidate(site_of(folder, request=request_id, candidate=name), request_id, name)
    event_log.info("fitted", metrics=dict(candidate.metrics), reason=candidate.reason)
    return dict(candidate.metrics)


def choose(folder: str, request_id: str) -> int:
    """Register the best candidate as the challenger; returns its version."""
    from gatehouse.stages.choose import choose as choose_candidate

    site = site_of(folder, request=request_id)
    with closing(site, request_id):
        version = choose_candidate(site, request_id).version
        event_log.info("chosen", version=version)
        return version


def judge(folder: str, request_id: str) -> dict[str, str]:
    """Let the gate decide; returns decision, verdict and what a reviewer reads."""
    from gatehouse.report import decision_markdown
    from gatehouse.stages.judge import judge as judge_challenger

    site = site_of(folder, request=request_id)
    with closing(site, request_id):
        decision = judge_challenger(site, request_id)
        event_log.info("judged", decision=decision.id, version=decision.version, verdict=decision.verdict)
        body = decision_markdown(site.case.contract.title, decision)
        return {"decision": decision.id, "verdict": decision.verdict, "sentence": decision.sentence, "body": body}


def judge_again(folder: str, decision: str) -> dict[str, str]:
    """Decide again on all rows that have matured, or ask again for a review that nobody is asked for any more."""
    from gatehouse.report import decision_markdown
    from gatehouse.stages import rejudge
    from gatehouse.stages.upkeep import reviews

    site = site_of(folder)
    whole = the_decision(site, decision)
    lost = whole.id in [waiting.id for waiting, _ in reviews(site)]
    made = whole if lost else rejudge.judge_again(site, whole.id)
    body = decision_markdown(site.case.contract.title, made)
    return {"decision": made.id, "verdict": made.verdict, "sentence": made.sentence, "body": body}


def the_decision(site: InstalledSite, start: str) -> Decision:
    """The one decision whose id begins like that; UnknownRecord when there is none, or more than one."""
    whole = [each for each in site.ledger.decisions.list(site.name) if each.id.startswith(start)]
    if len(start) < 6 or len(whole) != 1:
        raise UnknownRecord(f"{start!r} names {len(whole)} decisions of {site.name}; give six characters or more")
    return whole[0]


def promote(folder: str, decision: str) -> str:
    """Carry out a PROMOTE; the ledger is read again and the epoch compared."""
    from gatehouse.stages.promote import promote as promote_challenger

    champion = promote_challenger(site_of(folder, decision=decision), decision)
    event_log.info("promoted" if champion else "not promoted", version=champion.model.version if champion else None)
    return f"version {champion.model.version}, epoch {champion.epoch}" if champion else "the champion stays"


def answer(folder: str, decision: str, response: dict[str, Any]) -> str:
    """Copy a reviewer's answer into the ledger and carry it out. No answer in time counts as a rejection by nobody."""
    from gatehouse.stages.promote import answer as record_answer

    user = response.get("responded_by_user") or {}
    actor = user.get("name") or user.get("id") or "nobody"
    reason = (response.get("params_input") or {}).get("reason") or "no answer in time"
    approved = response["chosen_options"] == ["Approve"] and actor != "nobody"
    site = site_of(folder)
    before = site.ledger.decisions.answers(decision)
    if before and (approved, actor, reason) not in before:  # on the command line or the page, or in an earlier task
        return f"answered before by {before[0][1]}: {'approved' if before[0][0] else 'rejected'}; this answer changes nothing"
    champion = record_answer(site, decision, approved, actor, reason)
    return f"version {champion.model.version} is the champion" if champion else f"rejected by {actor}: {reason}"


def override(folder: str, act: str, decision: str, actor: str, reason: str) -> str:
    """Override a verdict, or confirm as the second person what somebody has overridden."""
    from gatehouse.stages import override as stage

    site = site_of(folder)
    whole = the_decision(site, decision)
    if act == "confirm":
        asked, champion = stage.confirm(site, stage.unconfirmed(site, whole.id).id, actor, reason)
    else:
        asked, champion = stage.override(site, whole.id, actor, reason)
    if champion is None:
        return f"override {asked.id[:8]} waits for a second person to confirm it; nothing has changed yet"
    return f"version {champion.model.version} is the champion until {asked.expires:%Y-%m-%d %H:%M} UTC"


def rollback(folder: str, version: int | None, actor: str, reason: str, dry_run: bool) -> str:
    """Roll back, or say what a rollback would change."""
    from gatehouse.stages import promote as stage
    from gatehouse.stages.foresee import foresee_rollback

    site = site_of(folder)
    if dry_run:
        return "\n".join(["dry run", *foresee_rollback(site, version)])
    champion = stage.rollback(site, version, actor, reason)
    return f"version {champion.model.version} is the champion of epoch {champion.epoch}"


def revalidate(folder: str, ref: str, actor: str, reason: str) -> tuple[list[str], list[str]]:
    """Hold a batch against its contract as it reads now; returns what was found, and the batch when that accepted it."""
    from gatehouse.core.records import Revalidation
    from gatehouse.stages.revalidate import revalidate as check_again

    site = site_of(folder)
    done = check_again(site, newest(site, ref), actor, reason)
    record: Revalidation = done.record
    freed = (record.state, record.verdict) == (BatchState.QUARANTINED, BatchState.ACCEPTED)
    return list(done.lines), [ref_of(record.batch)] if freed else []


def newest(site: InstalledSite, ref: str) -> BatchId:
    """A batch by its key and revision, or the newest revision of a key."""
    if ".r" in ref:
        return parse(site.name, ref)
    revisions = [batch.id for batch in site.ledger.batches.list(site.name) if batch.id.key == ref]
    if not revisions:
        raise UnknownRecord(f"{site.name} has no batch {ref!r}; `gatehouse batches {site.name}` lists what there is")
    return revisions[-1]


def backfill(folder: str, params: dict[str, Any], actor: str) -> tuple[list[str], list[str]]:
    """Take a range of batches, oldest first; returns a sentence a batch, and the training that follows if it was ticked.

    A named error that trying again cannot heal ends the backfill as failed; anything else leaves it open, and the next
    try goes on where this one was.
    """
    from gatehouse.stages import backfill as stage

    site = site_of(folder)
    begun = stage.begin(site, params["first"], params["last"], params["promote"], actor, params["reason"])
    site.ledger.attempts.enter(stage.work_of(begun))
    told = []
    try:
        for key in stage.to_take(site, begun.first, begun.last):
            told.append(stage.take(site, begun, key))
            log.info("%s", told[-1])
        request = stage.finish(site, begun)
    except GatehouseError as error:
        if not error.retry and not isinstance(error, StaleAttempt):
            stage.fail(site, begun, str(error))
        raise
    return told, [request.id] if request else []


@contextmanager
def closing(site: InstalledSite, request_id: str) -> Iterator[None]:
    """A named error that trying again cannot heal ends the request as failed, with its sentence, before the task goes red."""
    try:
        yield
    except StaleAttempt:
        raise  # another run is at work on this very request: it is not this one's to end
    except GatehouseError as error:
        if not error.retry:
            lease = site.ledger.attempts.enter(f"{site.name}/{request_id}/close")
            site.ledger.requests.close(lease, request_id, RequestState.FAILED, str(error))
        raise


def upkeep(folder: str) -> dict[str, list[str]]:
    """Sweep one use case: validate what was left landed, repair the alias; returns what has to be woken."""
    from gatehouse.stages import backfill, rejudge
    from gatehouse.stages import upkeep as stage
    from gatehouse.stages.override import expire
    from gatehouse.stages.tell import tell_batches
    from gatehouse.stages.validate import validate as validate_batch

    site = site_of(folder)
    for ref in stage.forgotten_landed(site):
        validate_batch(site, parse(site.name, ref))
    lost = lost_reviews(site)
    told = [
        *stage.replaced_files(site),
        *stage.uncarried(site),
        *stage.unanswered(site),
        *(stage.unasked(site, decision) for decision in lost),
        expire(site),
        backfill.forgotten(site),
        stage.reconcile(site),
    ]
    return {
        "accepted": stage.forgotten_batches(site),
        "requested": stage.forgotten_requests(site),
        "unsettled": [*rejudge.due(site), *lost],
        "told": tell_batches(site),
        "unexplained": [sentence for sentence in told if sentence],
    }


def lost_reviews(site: InstalledSite) -> list[str]:
    """The decisions that wait for an answer while no task of Airflow's is asking for it."""
    from gatehouse.stages.upkeep import GRACE, reviews

    waiting = [decision.id for decision, made in reviews(site) if datetime.now(UTC) - made > GRACE]
    if not waiting:
        return []
    ti = get_current_context()["ti"]
    asking = 0
    for stage in (Stage.RETRAIN, Stage.JUDGE):
        states = ti.get_task_states(dag_id=dag_id(site.name, stage), task_ids=["review"])
        asking += sum(state in UNDER_WAY for run in states.values() for state in run.values())
    return waiting if asking == 0 else []


def check_installation(found: dict[str, dict[str, list[str]]], broken: dict[str, str]) -> None:
    """Verify the ledger and `notify.yaml`; GatehouseError with everything that a person must know of."""
    from airflow_glue.telling import note_health, wrong_notify
    from gatehouse.wiring import verify_installation

    problems = [sentence for pending in found.values() for sentence in pending["unexplained"]]
    problems += [f"use case {name} cannot be read: {error}" for name, error in broken.items()]
    findings = verify_installation()
    note_health(broken, findings)
    for finding in findings:
        problems += [f"{finding.invariant} is broken: {breach}" for breach in finding.breaches]
    emit_measures()
    problems += wrong_notify()
    if problems:
        raise GatehouseError(" | ".join(problems))
    all_well()


def all_well() -> None:
    """Leave word that upkeep found nothing wrong: `/gatehouse/health` looks when that was last."""
    from gatehouse.adapters.ledger import open_ledger
    from gatehouse.settings import Settings
    from gatehouse.watching.facts import UPKEEP

    open_ledger(Settings.from_environment().require("ledger_url")).attempts.enter(UPKEEP)


def emit_measures() -> None:
    """Send the measures the way Airflow sends its own: to StatsD or OpenTelemetry, where AIRFLOW__METRICS__* says so."""
    from airflow.sdk.observability import stats

    from gatehouse.adapters.ledger.connection import Database
    from gatehouse.settings import Settings
    from gatehouse.watching import measures, read_facts

    facts = read_facts(Database(Settings.from_environment().require("ledger_url")))
    for measure, samples in measures(facts):
        for sample in samples:
            name = ".".join((measure.name, *sample.labels.values()))
            stats.gauge(name, sample.value)
