"""What a person can do after a walk, as commands to copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatehouse.core.types import Verdict

if TYPE_CHECKING:
    from gatehouse.context import UseCaseContext

GO_ON = """Go on from here:
  your data     bin/gatehouse use-case new NAME --from FILE --label COLUMN    docs/tutorial/your-own-data.md
  your Airflow  make wheel                                                    docs/how-to/use-your-own-airflow.md
  your team     make secrets && bin/compose up -d --build                     docs/how-to/operations.md"""


def next_steps(ctx: UseCaseContext) -> list[str]:
    """A sentence and a command for each: the newest decision that waits or holds, and a schedule that is switched off."""
    steps = []
    decisions = ctx.ledger.decisions.list(ctx.name)
    newest = max(decisions, key=lambda decision: ctx.ledger.decisions.made_at(decision.id), default=None)
    if newest is not None and newest.verdict is Verdict.REVIEW and not ctx.ledger.decisions.answers(newest.id):
        person = "--actor NAME --reason TEXT"
        steps.append(f"A model waits for a person: bin/gatehouse decision approve {newest.id} {person} (or reject)")
    if newest is not None and newest.verdict in (Verdict.REVIEW, Verdict.HOLD, Verdict.BLOCK):
        steps.append(f"Why the newest model is not promoted: bin/gatehouse decision explain {newest.id}")
    if ctx.ledger.models.champion(ctx.name) is None:
        steps.append(f"No model serves yet. What the history would do: bin/gatehouse backtest {ctx.name}")
    if ctx.case.contract.schedule is not None:
        steps.append(f"The schedule is in force when its DAG is switched on: airflow dags unpause {ctx.name}__ingest")
    return steps
