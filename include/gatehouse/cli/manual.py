"""Commands for what people do by hand besides answering the gate: the same records as the forms in Airflow."""

from __future__ import annotations

import click

from gatehouse.bootstrap import open_context
from gatehouse.cli.actions import newest, with_actor_and_reason
from gatehouse.cli.identity import identify
from gatehouse.cli.output import actor_option
from gatehouse.cli.show import resolve_decision
from gatehouse.core.permissions import Act, require_may
from gatehouse.core.types import Verdict
from gatehouse.errors import GatehouseError
from gatehouse.pipeline import promote
from gatehouse.pipeline.judge import re_decide
from gatehouse.pipeline.manual import backfill as range_of
from gatehouse.pipeline.manual.accept_level import accept_level
from gatehouse.pipeline.manual.revalidate import revalidate as check_again


@click.command()
@click.argument("use_case")
@click.argument("key")
@with_actor_and_reason
def revalidate(use_case: str, key: str, actor: str, reason: str) -> None:
    """Check a batch against its contract as it reads now. A quarantined batch that keeps it is accepted. An accepted one
    stays as it is, and the result is recorded."""
    ctx = open_context(use_case)
    click.echo("\n".join(check_again(ctx, newest(ctx, key).id, actor, reason).lines))


@click.command()
@click.argument("use_case")
@click.option("--from", "first", required=True, help="The oldest batch of the range, by its key.")
@click.option("--to", "last", required=True, help="The newest batch of the range, by its key.")
@click.option(
    "--promote", "may_promote", is_flag=True, help="One training follows, and its challenger may be promoted."
)
@with_actor_and_reason
def backfill(use_case: str, first: str, last: str, may_promote: bool, actor: str, reason: str) -> None:
    """Take a range of batches that were never ingested, oldest first, without a training for each. Run it again with the
    same values to resume."""
    ctx = open_context(use_case)
    begun = range_of.begin(ctx, first, last, may_promote, actor, reason)
    ctx.ledger.attempts.enter(range_of.task_key(begun))
    try:
        for key in range_of.pending_keys(ctx, first, last):
            click.echo(range_of.process_batch(ctx, begun, key))
        range_of.complete(ctx, begun)
    except GatehouseError as error:
        if not error.retry:
            range_of.abort(ctx, begun, str(error))
        raise
    click.echo(ctx.ledger.backfills.list(ctx.name)[-1].sentence)


@click.command(name="accept-level")
@click.argument("use_case")
@with_actor_and_reason
def accept(use_case: str, actor: str, reason: str) -> None:
    """Accept the champion's newest measured level as the level that it has to keep."""
    level = accept_level(open_context(use_case), actor, reason)
    click.echo(
        f"accepted: the level of batch {level['batch']}, a loss of {level['loss']:.4f}, is what is asked for from now on"
    )


@click.command()
@click.argument("decision")
@actor_option(default="", help="Local stack only: your name. Elsewhere your token says it.")
def judge(decision: str, actor: str) -> None:
    """Make a decision again on all rows that have matured since. A PROMOTE is carried out."""
    ctx, whole_id = resolve_decision(decision)
    require_may(Act.JUDGE_AGAIN, identify(actor).name, ctx.case.gate)
    again = re_decide.decide_again(ctx, whole_id)
    click.echo(f"decision {again.id[:8]}: {again.verdict}: {again.sentence}")
    if again.verdict is Verdict.PROMOTE:
        promote.promote(ctx, again.id)
    elif again.verdict is Verdict.REVIEW:
        click.echo(f"a person decides: gatehouse decision approve {again.id[:8]} --reason TEXT, or reject")
