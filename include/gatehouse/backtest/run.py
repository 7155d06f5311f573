"""One backtest from a folder to its result."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

from gatehouse.backtest.context import clean_processes, throwaway
from gatehouse.backtest.errors import kept
from gatehouse.backtest.history import BatchSummary, batch_summaries, read_history, training_set_of
from gatehouse.backtest.labelled_history import LabelledHistory, first_champion, window_of
from gatehouse.backtest.model_cache import WhatIf
from gatehouse.backtest.prefit_pool import PrefitPool
from gatehouse.backtest.progress import Told, nobody
from gatehouse.backtest.replay import ProcessedBatch, Reviews, replay
from gatehouse.backtest.what_if import evaluate_what_ifs
from gatehouse.context import UseCaseContext
from gatehouse.core.audit.canonical_json import digest
from gatehouse.core.config.gate import GatePolicy
from gatehouse.core.config.retrain import RetrainPolicy
from gatehouse.core.retraining.advice import advise
from gatehouse.core.retraining.reinstatement import reinstated_version
from gatehouse.use_case import UseCase

POLICY = "policy"


@dataclass(frozen=True)
class BacktestTotals:
    """The whole history in numbers. `means` are unweighted means of the metric over the same batches for everybody:
    those that the first champion was neither trained on nor judged by, and where all metrics are defined. `reinstated`
    counts the times that a former champion was asked back."""

    batches: int
    rows: int
    quarantined: int
    compared: tuple[str, ...]
    trainings: int
    reinstated: int
    alarms: int
    reviews: int
    errors: int
    verdicts: dict[str, int]
    means: dict[str, float]


@dataclass(frozen=True)
class BacktestResult:
    """What a backtest found. `policies` are the hashes of the files that decided, `errors` what the what-ifs raised; what a
    batch raised is in its line. `advice` says in a sentence which simpler way would have been better."""

    use_case: str
    title: str
    metric: str
    reviews: str
    policies: dict[str, str]
    lines: tuple[BatchSummary, ...]
    ways: tuple[WhatIf, ...]
    totals: BacktestTotals
    errors: tuple[str, ...] = ()
    advice: str = ""

    def document(self) -> dict[str, Any]:
        """The result as plain values; a metric that is undefined is null."""
        found: dict[str, Any] = _plain(asdict(self))
        return found


def backtest(
    case: UseCase,
    retrain: RetrainPolicy | None = None,
    gate: GatePolicy | None = None,
    reviews: Reviews = "nobody",
    told: Told = nobody,
    last: str | None = None,
) -> BacktestResult:
    """Replay a use case's history (up to and including batch `last`, if given), with another `retrain` policy or gate
    policy in place of its own if given."""
    case = replace(case, retrain=retrain or case.retrain, gate=gate or case.gate)
    with throwaway(case) as ctx, PrefitPool(LabelledHistory(ctx), clean_processes()) as ahead:
        return _result(ahead, replay(ctx, reviews, ahead.reached, last, told), reviews, told)


def _result(ahead: PrefitPool, taken: list[ProcessedBatch], reviews: Reviews, told: Told) -> BacktestResult:
    """The result of a replay, with what other ways to retrain would have given."""
    ctx, case = ahead.labelled.ctx, ahead.labelled.ctx.case
    history = read_history(ahead.labelled, case.retrain.selection_metric)
    found = tuple(batch_summaries(history, taken))
    requests = ctx.ledger.requests.list(ctx.name)
    runs = [request for request in requests if training_set_of(ctx, request.id) is not None]
    reinstated = sum(reinstated_version(request) is not None for request in runs)
    trainings = len(runs) - reinstated
    own = {line.key: line.metric for line in found if line.champion is not None}
    ways: list[WhatIf] = []
    errors: list[str] = []
    with kept(errors, "what-ifs"):
        ways = evaluate_what_ifs(history, ahead, trainings, errors, told)
    compared = sorted(ways[0].metrics) if ways else sorted(key for key, value in own.items() if not math.isnan(value))
    policy = WhatIf(POLICY, "retrain.yaml and gate.yaml", {key: own.get(key, math.nan) for key in compared}, trainings)
    every = (policy, *ways)
    policies = {"retrain": digest(case.retrain.model_dump(mode="json")), "gate": case.gate.hash}
    totals = _totals(found, every, (trainings, reinstated), compared, tuple(dict.fromkeys(errors)))
    return BacktestResult(
        ctx.name,
        case.contract.title,
        history.metric,
        reviews,
        policies,
        found,
        every,
        totals,
        tuple(dict.fromkeys(errors)),
        _advice(ctx, history.metric, totals, every),
    )


def _advice(ctx: UseCaseContext, metric: str, totals: BacktestTotals, ways: tuple[WhatIf, ...]) -> str:
    first = first_champion(ctx)
    trainings = {way.name: way.trainings for way in ways}
    return advise(metric, totals.means, trainings, ctx.case.retrain, window_of(first[1])) if first else ""


def _totals(
    found: tuple[BatchSummary, ...],
    ways: tuple[WhatIf, ...],
    runs: tuple[int, int],
    compared: list[str],
    errors: tuple[str, ...],
) -> BacktestTotals:
    defined = tuple(key for key in compared if all(math.isfinite(way.metrics.get(key, math.nan)) for way in ways))
    verdicts: dict[str, int] = {}
    for decision in (decision for line in found for decision in line.decisions):
        verdicts[decision["verdict"]] = verdicts.get(decision["verdict"], 0) + 1
    return BacktestTotals(
        len(found),
        sum(line.rows for line in found),
        sum(line.quarantined for line in found),
        defined,
        *runs,
        sum(len(line.alarms) for line in found),
        verdicts.get("REVIEW", 0),
        sum(len(line.errors) for line in found) + len(errors),
        verdicts,
        {way.name: sum(way.metrics[key] for key in defined) / len(defined) if defined else math.nan for way in ways},
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
