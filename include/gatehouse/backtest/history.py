"""What a replay left in the ledger, as one line a batch: rows, alarms, requests, verdicts, champion and its metric."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gatehouse.backtest.labelled import Labelled, first_champion
from gatehouse.backtest.replay import Taken
from gatehouse.core.records import Batch, Decision, Outcomes, Request, TrainingSet
from gatehouse.core.statistics.metrics import evaluate
from gatehouse.errors import UnknownRecord
from gatehouse.site import Site
from gatehouse.stages.rows import LABEL, by_key, newest_revisions
from gatehouse.stages.score import model_inputs

if TYPE_CHECKING:
    import pandas as pd

EVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Line:
    """One batch. `champion` is the version that scored it, or the first champion where none served yet (`late`); `kinds`
    are the kinds of change that the watch told apart; `metric` is measured on all outcomes that ever arrived, NaN where
    there are none or the champion was made of them."""

    key: str
    state: str
    rows: int
    quarantined: int
    alarms: tuple[Mapping[str, Any], ...] = ()
    kinds: tuple[Mapping[str, Any], ...] = ()
    decay: tuple[Mapping[str, Any], ...] = ()
    requests: tuple[Mapping[str, Any], ...] = ()
    held_back: tuple[Mapping[str, Any], ...] = ()
    decisions: tuple[Mapping[str, Any], ...] = ()
    champion: int | None = None
    champion_after: int | None = None
    late: bool = False
    metric: float = math.nan
    matured: int = 0
    errors: tuple[str, ...] = ()


@dataclass
class History:
    """The ledger's records after a replay, each listed once: outcomes whenever they arrived, and by batch the accepted rows
    that have them."""

    site: Site
    metric: str
    batches: list[Batch]
    outcomes: Mapping[str, Outcomes]
    frames: dict[str, pd.DataFrame]


def read_history(labelled: Labelled, metric: str) -> History:
    """Collect every accepted batch's labelled rows; a batch without, or whose features cannot be made, is left out."""
    site = labelled.site
    batches = newest_revisions(site.ledger.batches.list(site.name))
    arrived = site.ledger.batches.outcomes(site.name, EVER) if batches else {}
    frames = {each.id.key: labelled.rows(each, arrived[each.id.key]) for each in batches if each.id.key in arrived}
    known = {key: frame for key, frame in frames.items() if frame is not None}
    return History(site, metric, batches, arrived, known)


def lines(history: History, taken: Sequence[Taken]) -> list[Line]:
    """A line for each batch of the source, in the order of time."""
    site = history.site
    desk = site.ledger
    batches = {batch.id: batch for batch in desk.batches.list(site.name)}
    reports = {report.batch: report.body for report in desk.batches.watches(site.name)}
    requests: dict[str, list[Request]] = {}
    for request in desk.requests.list(site.name):
        requests.setdefault(request.opened_by, []).append(request)
    metrics = _metrics(history)
    return [_line(each, batches, reports, requests.get(str(each.batch), []), metrics, site) for each in taken]


def _line(
    taken: Taken,
    batches: Mapping[Any, Batch],
    reports: Mapping[Any, Mapping[str, Any]],
    requests: Sequence[Request],
    metrics: Mapping[str, tuple[int, bool, float, int]],
    site: Site,
) -> Line:
    if taken.batch is None:
        return Line(taken.key, "not landed", 0, 0, champion_after=taken.champion, errors=taken.errors)
    batch = batches[taken.batch]
    body = reports.get(taken.batch, {})
    part = batch.tables[site.case.contract.main]
    rows = part.source.rows or 0
    accepted = (part.accepted.rows or 0) if part.accepted else 0
    champion, late, metric, matured = metrics.get(taken.key, (None, False, math.nan, 0))
    return Line(
        taken.key,
        str(batch.state),
        rows,
        rows - accepted,
        tuple(body.get("alarms", ())),
        tuple(body.get("kinds", ())),
        tuple(body.get("matured", {}).get("judged", ())),
        tuple(_request(each) for each in requests),
        tuple(body.get("held_back", ())),
        tuple(_decision(each) for each in _decisions(site, requests)),
        body.get("champion") or champion,
        taken.champion,
        late,
        metric,
        matured,
        (*taken.errors, *([batch.reason] if batch.reason else [])),
    )


def _request(request: Request) -> dict[str, Any]:
    reasons = [
        {"kind": each.kind, "sentence": each.sentence, "numbers": dict(each.numbers)} for each in request.reasons
    ]
    return {"id": request.id, "reasons": reasons, "state": str(request.state), "ended": request.closing}


def _decisions(site: Site, requests: Sequence[Request]) -> list[Decision]:
    found = (site.ledger.decisions.of_request(request.id) for request in requests)
    return [decision for decision in found if decision is not None]


def _decision(decision: Decision) -> dict[str, Any]:
    return {"version": decision.version, "verdict": str(decision.verdict), "sentence": decision.sentence}


def _metrics(history: History) -> dict[str, tuple[int, bool, float, int]]:
    """For each batch with outcomes: the champion, whether it came later than the batch, its metric and the rows."""
    site = history.site
    scored = {prediction.batch.key: prediction for prediction in site.ledger.batches.predictions(site.name)}
    first = first_champion(site)
    found = {}
    for batch in history.batches:
        frame, prediction = history.frames.get(batch.id.key), scored.get(batch.id.key)
        if frame is None:
            continue
        if prediction is not None:
            scores = by_key(frame, site.lake.frame(prediction.file, ["key", "score"])).to_numpy("float64")
            version, late = prediction.version, False
        elif first is not None and batch.interval.start >= held_out_until(site, first[1]):
            scores, version, late = predict(site, first[0], frame), first[0], True
        else:
            continue
        found[batch.id.key] = (
            version,
            late,
            evaluate(history.metric, frame[LABEL].to_numpy("float64"), scores),
            len(frame),
        )
    return found


def held_out_until(site: Site, training_set: TrainingSet) -> Any:
    """The end of the rows that a model was trained on or judged by."""
    return max(site.ledger.batches.get(batch).interval.end for batch in training_set.holdout_batches)


def predict(site: Site, version: int, frame: pd.DataFrame) -> Any:
    """A registered version's predictions of labelled rows."""
    model = site.ledger.models.get(site.name, version)
    estimator = site.models.load(site.lake.read(model.file), model.file.sha256)
    return site.models.predict(estimator, model_inputs(frame), site.case.retrain.task)


def training_set_of(site: Site, request: str) -> TrainingSet | None:
    """What a request was trained on; None when it came to no training."""
    try:
        return site.ledger.requests.training_set(request)
    except UnknownRecord:
        return None
