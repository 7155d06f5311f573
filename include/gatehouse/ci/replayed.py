"""One side of a change: the use case's history replayed, and its decisions under another policy."""

from __future__ import annotations

from dataclasses import dataclass

from gatehouse.backtest.context import throwaway
from gatehouse.backtest.history import batch_summaries, read_history
from gatehouse.backtest.labelled_history import LabelledHistory
from gatehouse.backtest.replay import replay
from gatehouse.context import UseCaseContext
from gatehouse.core.change_check import BatchResult, FlippedVerdict
from gatehouse.core.config.gate import GatePolicy
from gatehouse.pipeline.manual.policy_comparison import compare_policies
from gatehouse.use_case import UseCase


@dataclass(frozen=True)
class Replayed:
    """What a replay left: a result for each batch, the number of decisions, and those that another policy flips."""

    batches: tuple[BatchResult, ...]
    decisions: int
    flipped: tuple[FlippedVerdict, ...] = ()


def replayed(case: UseCase, other: GatePolicy | None = None) -> Replayed:
    """Replay the whole history of a use case, as a backtest does, and judge its decisions by `other` besides."""
    with throwaway(case) as ctx:
        taken = replay(ctx)
        lines = batch_summaries(read_history(LabelledHistory(ctx), case.retrain.selection_metric), taken)
        batches = tuple(
            BatchResult(line.key, line.state, line.rows, line.quarantined, line.metric, line.errors) for line in lines
        )
        decisions = len(ctx.ledger.decisions.list(ctx.name))
        return Replayed(batches, decisions, _flipped(ctx, other) if other else ())


def _flipped(ctx: UseCaseContext, other: GatePolicy) -> tuple[FlippedVerdict, ...]:
    return tuple(
        FlippedVerdict(
            each.decision.id,
            str(each.decision.verdict),
            str(each.again.verdict),
            each.again.sentence,
            *((each.regret.saved, each.regret.rows) if each.regret else ()),
        )
        for each in compare_policies(ctx, other)
        if each.again.verdict is not each.decision.verdict
    )
