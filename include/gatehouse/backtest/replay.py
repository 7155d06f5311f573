"""The replay: every batch of the source in the order of time through the real stages, as the DAGs would take it."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gatehouse.core.calendar import Span, interval_of, key_of
from gatehouse.core.records import Batch, BatchId, BatchState, Decision, Request, RequestState, Verdict
from gatehouse.errors import GatehouseError
from gatehouse.site import Site
from gatehouse.stages import choose, fit, gather, ingest, judge, outcomes, promote, rejudge, score, watch
from gatehouse.stages.validate import validate

Reviews = Literal["nobody", "approve", "reject"]
SIDE_BY_SIDE = 3  # candidates that are fitted at the same time: two would leave a core idle behind the longest
SAID = {"approve": "a backtest that approves every review", "reject": "a backtest that rejects every review"}


@dataclass(frozen=True)
class Taken:
    """One batch of the source after its turn: where it came to rest, the champion then (its version), and what was
    raised on the way."""

    key: str
    batch: BatchId | None
    state: BatchState | None
    champion: int | None
    errors: tuple[str, ...]


def replay(
    site: Site,
    reviews: Reviews = "nobody",
    told: Callable[[Taken], None] = lambda taken: None,
    last: str | None = None,
) -> list[Taken]:
    """Take the batches (up to `last`) through ingest, watch, retraining and gate, one by one; `told` hears of each.

    Time is the data's: the outcomes that are due by the end of a batch arrive with it. What one batch raises is its
    own: it is kept as the batch's error, and the next batch goes on.
    """
    taken: list[Taken] = []
    for key, batch, raised in _delivered(site, ingest.pending(site, last)):
        errors = list(raised)
        if batch is not None and batch.state is BatchState.ACCEPTED:
            _watch(site, batch.id, reviews, errors)
        said = {error for each in taken for error in each.errors[-1:]}
        new = tuple(error for error in errors if error not in said)
        champion = site.ledger.models.champion(site.name)
        now = champion.model.version if champion else None
        taken.append(Taken(key, batch.id if batch else None, batch.state if batch else None, now, new))
        told(taken[-1])
    _collect_the_rest(site, taken)
    return taken


def _delivered(site: Site, keys: Sequence[str]) -> Iterator[tuple[str, Batch | None, list[str]]]:
    """Each batch landed and validated and the outcomes with it, and what that raised. The next batch is taken in while this
    one is watched, as the DAGs do it: neither asks for a model, and the watch looks at no batch later than its own. Outcomes
    do (what a source gives for an old batch today had not arrived before the newest), so they come first."""
    with ThreadPoolExecutor(1) as ahead:
        coming = [ahead.submit(_deliver, site, key) for key in keys[:1]]
        for number, key in enumerate(keys, 1):
            batch, errors = coming.pop().result()
            if batch is not None:
                with _kept(errors, "outcomes"):
                    outcomes.collect(site, key)
            coming += [ahead.submit(_deliver, site, following) for following in keys[number : number + 1]]
            yield key, batch, errors


def _deliver(site: Site, key: str) -> tuple[Batch | None, list[str]]:
    errors: list[str] = []
    try:
        batch = ingest.land(site, key)
    except Exception as error:
        return None, [f"landing: {_sentence(error)}"]
    with _kept(errors, "validation"):
        batch = validate(site, batch.id)
    return batch, errors


def _collect_the_rest(site: Site, taken: list[Taken]) -> None:
    """Outcomes that were not due before the last batch: nothing was decided by them, but the metrics count them."""
    contract = site.case.contract
    ends = [interval_of(contract.batch, each.key).end for each in taken if each.batch is not None]
    if ends:
        late = Span.parse(contract.outcomes.delay).after(max(ends))
        with _kept([], "outcomes"):
            outcomes.collect(site, key_of(contract.batch, late))


def _watch(site: Site, batch: BatchId, reviews: Reviews, errors: list[str]) -> None:
    """Score and watch; carry out what was asked for, and judge again what got more outcomes, before the next batch."""
    request = None
    with _kept(errors, "scoring and watching"):
        score.score(site, batch)
        request = watch.watch(site, batch)
    if request is not None and request.state is RequestState.OPEN:
        with _kept(errors, "retraining"):
            _retrain(site, request, reviews)
    with _kept(errors, "judging again"):
        for decision in rejudge.due(site):
            _carry_out(site, rejudge.judge_again(site, decision), reviews)


def _retrain(site: Site, request: Request, reviews: Reviews) -> None:
    """One retrain run. What goes wrong ends the request as failed with its sentence, as it does in the DAG."""
    try:
        gather.gather(site, gather.claim(site, request.id))
        with ThreadPoolExecutor(SIDE_BY_SIDE) as side_by_side:
            list(side_by_side.map(lambda name: fit.fit(site, request.id, name), fit.names(site)))
        choose.choose(site, request.id)
        _carry_out(site, judge.judge(site, request.id), reviews)
    except Exception as error:
        if site.ledger.requests.get(request.id).state is RequestState.CLAIMED:
            lease = site.ledger.attempts.enter(f"{site.name}/{request.id}/close")
            site.ledger.requests.close(lease, request.id, RequestState.FAILED, _sentence(error))
        raise


def _carry_out(site: Site, decision: Decision, reviews: Reviews) -> None:
    if decision.verdict is Verdict.PROMOTE:
        promote.promote(site, decision.id)
    elif decision.verdict is Verdict.REVIEW:
        actor = promote.NOBODY if reviews == "nobody" else site.case.gate.review.approvers[0]
        said = SAID.get(reviews, "nobody answers in a backtest")
        promote.answer(site, decision.id, reviews == "approve", actor, said)


@contextmanager
def _kept(errors: list[str], step: str) -> Iterator[None]:
    """What a step raises becomes a sentence of the batch: one broken batch must not end the whole backtest."""
    try:
        yield
    except Exception as error:
        errors.append(f"{step}: {_sentence(error)}")


def _sentence(error: Exception) -> str:
    text = " ".join(str(error).split())[:500] or "no message"
    if isinstance(error, GatehouseError):
        return text
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {text} ({Path(last.filename).name}, line {last.lineno})"
