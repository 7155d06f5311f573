"""The bodies of the tasks of a retrain run, from the claim to the challenger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog
from airflow.sdk.exceptions import AirflowSkipException

from gatehouse.core.types import RequestState
from gatehouse.errors import GatehouseError, InvalidInputError, StaleAttemptError
from gatehouse_airflow.attendance import newest_attempt, older_training
from gatehouse_airflow.params import OWN_WINDOW
from gatehouse_airflow.tasks import context as context_module

if TYPE_CHECKING:
    from airflow.sdk import Context

    from gatehouse.bootstrap import InstalledContext

event_log = structlog.get_logger("gatehouse")


@newest_attempt()
def claim(folder: str, context: Context) -> tuple[str, list[str]]:
    """Claim the run's request (or the one a person asks for in the form) and build its training set; gives the request
    and the names of the candidates."""
    from gatehouse.pipeline import fit, gather

    ctx = context_module.code_context(folder)
    request_id = context["dag_run"].partition_key or _asked(ctx, context)
    claimed_before = ctx.ledger.requests.get(request_id).state is RequestState.CLAIMED
    if claimed_before and (other := older_training(ctx, request_id)):
        raise AirflowSkipException(f"run {other} is training for request {request_id[:8]}; nothing is left to do")
    request = gather.claim(ctx, request_id)
    if request.state is not RequestState.CLAIMED:
        raise AirflowSkipException(f"request {request.id[:8]} is {request.state} already: {request.closing}")
    with closing(ctx, request_id):
        gather.build_training_set(ctx, request)
        return request_id, fit.candidate_names(ctx, request)


def _asked(ctx: InstalledContext, context: Context) -> str:
    """The request that a person asks for in the form, or the open one."""
    from gatehouse.pipeline.manual.request_retraining import request_retraining

    form = dict(context["params"])
    window = None if form.get("window") in (None, OWN_WINDOW) else form["window"]
    wanted = (window, form.get("batches"), tuple(form.get("estimators") or ()))
    if form.get("reason"):
        return request_retraining(ctx, context_module.triggered_by(context["dag_run"]), form["reason"], *wanted).id
    if any(wanted):
        raise InvalidInputError(
            "a window or estimators were chosen and no reason was given", found="", allowed="a sentence"
        )
    pending = ctx.ledger.requests.pending(ctx.name)
    if pending is None:
        raise AirflowSkipException(f"no retrain request of {ctx.name} is open; fill in a reason to ask for one")
    return pending.id


@newest_attempt()
def fit(folder: str, request_id: str, name: str) -> dict[str, float]:
    """Fit one candidate; returns its metrics (none when it failed: the ledger says why)."""
    from gatehouse.pipeline.fit import fit as fit_candidate

    candidate = fit_candidate(context_module.code_context(folder, request=request_id, candidate=name), request_id, name)
    event_log.info("fitted", metrics=dict(candidate.metrics), reason=candidate.reason)
    return dict(candidate.metrics)


@newest_attempt()
def choose(folder: str, request_id: str) -> int:
    """Register the best candidate as the challenger; returns its version."""
    from gatehouse.pipeline.choose import choose as choose_candidate

    ctx = context_module.code_context(folder, request=request_id)
    with closing(ctx, request_id):
        version = choose_candidate(ctx, request_id).version
        event_log.info("chosen", version=version)
        return version


@contextmanager
def closing(ctx: InstalledContext, request_id: str) -> Iterator[None]:
    """A named error that trying again cannot heal ends the request as failed, with its sentence, before the task goes red."""
    try:
        yield
    except StaleAttemptError:
        raise  # another run is at work on this very request: it is not this one's to end
    except GatehouseError as error:
        if not error.retry:
            lease = ctx.ledger.attempts.enter(f"{ctx.name}/{request_id}/close")
            ctx.ledger.requests.close(lease, request_id, RequestState.FAILED, str(error))
        raise
