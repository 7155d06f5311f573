"""Commands that act, each with a name and a reason on record: the same records as the acts in the Airflow UI."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from gatehouse.bootstrap import InstalledContext, open_context
from gatehouse.cli.identity import identify
from gatehouse.cli.output import actor_option
from gatehouse.cli.show import resolve_decision
from gatehouse.core.retraining.manual_options import WINDOWS
from gatehouse.core.types import Batch, Champion, Override
from gatehouse.errors import RecordNotFoundError
from gatehouse.pipeline import promote
from gatehouse.pipeline.manual import override as overrides
from gatehouse.pipeline.manual import quarantined
from gatehouse.pipeline.manual.request_retraining import request_retraining
from gatehouse.pipeline.manual.rollback_preview import preview_rollback


def with_actor_and_reason(command: Callable[..., Any]) -> Callable[..., Any]:
    """Every act needs who and why. The command gets the name that is proven, and the reason as it goes on record."""

    @wraps(command)
    def proven(*, actor: str, reason: str, **values: Any) -> Any:
        who = identify(actor)
        return command(actor=who.name, reason=who.reason(reason), **values)

    told = "Local stack only: the name that goes on record. Elsewhere your token says it."
    with_actor = actor_option(default="", help=told)(proven)
    return click.option("--reason", required=True, help="Why, in a sentence.")(with_actor)


@click.command()
@click.argument("decision")
@with_actor_and_reason
def approve(decision: str, actor: str, reason: str) -> None:
    """Approve a REVIEW: its challenger becomes the champion."""
    ctx, whole_id = resolve_decision(decision)
    champion = promote.record_review_response(ctx, whole_id, True, actor, reason)
    click.echo(f"approved: version {champion.model.version} is the champion" if champion else "approved before")


@click.command()
@click.argument("decision")
@with_actor_and_reason
def reject(decision: str, actor: str, reason: str) -> None:
    """Reject a REVIEW: the champion stays."""
    ctx, whole_id = resolve_decision(decision)
    promote.record_review_response(ctx, whole_id, False, actor, reason)
    click.echo("rejected: the champion stays")


@click.command()
@click.argument("decision")
@with_actor_and_reason
def override(decision: str, actor: str, reason: str) -> None:
    """Promote a challenger that the gate held, sent to review or blocked, until the override expires."""
    ctx, whole_id = resolve_decision(decision)
    asked, champion = overrides.override(ctx, whole_id, actor, reason)
    click.echo(_override_told(asked, champion))


@click.command()
@click.argument("use_case")
@click.argument("override")
@with_actor_and_reason
def confirm(use_case: str, override: str, actor: str, reason: str) -> None:
    """Confirm another person's override, as the second person that the policy wants."""
    ctx = open_context(use_case)
    matches = [asked.id for asked in ctx.ledger.overrides.list(ctx.name) if asked.id.startswith(override)]
    if len(override) < 6 or len(matches) != 1:
        raise RecordNotFoundError(
            f"{override!r} names {len(matches)} overrides; give at least six characters of one id"
        )
    click.echo(_override_told(*overrides.confirm(ctx, matches[0], actor, reason)))


def _override_told(asked: Override, champion: Champion | None) -> str:
    until = f"until {asked.expires:%Y-%m-%d %H:%M} UTC"
    if champion is None:
        command = f"gatehouse decision confirm-override {asked.use_case} {asked.id[:8]} --reason TEXT"
        return f"override {asked.id[:8]} waits for a second person: {command}"
    return f"overridden: version {champion.model.version} is the champion of generation {champion.generation}, {until}"


@click.command()
@click.argument("use_case")
@click.option("--version", type=int, help="The earlier champion to return to. Without it the one before the present.")
@click.option("--dry-run", is_flag=True, help="Say what would change and change nothing.")
@with_actor_and_reason
def rollback(use_case: str, version: int | None, dry_run: bool, actor: str, reason: str) -> None:
    """Make an earlier champion the champion again."""
    ctx = open_context(use_case)
    if dry_run:
        click.echo("\n".join(preview_rollback(ctx, version)))
        return
    champion = promote.rollback(ctx, version, actor, reason)
    click.echo(f"rolled back: version {champion.model.version} is the champion of generation {champion.generation}")


@click.command()
@click.argument("use_case")
@click.option(
    "--window", type=click.Choice(list(WINDOWS)), help="The rows to train on, instead of those of retrain.yaml."
)
@click.option("--window-batches", type=click.IntRange(min=1), help="How many batches a rolling window has.")
@click.option("--estimator", "estimators", multiple=True, help="A candidate of model.py. Repeat it for several.")
@with_actor_and_reason
def retrain(
    use_case: str, window: str | None, window_batches: int | None, estimators: tuple[str, ...], actor: str, reason: str
) -> None:
    """Ask for a retraining. It joins the request that is open. Window and estimators are for this request only."""
    ctx = open_context(use_case)
    request = request_retraining(ctx, actor, reason, window, window_batches, estimators)
    click.echo(
        f"request {request.id[:8]} is {request.state}; maintenance wakes the retrain DAG for it within ten minutes"
    )


@click.command(name="release")
@click.argument("use_case")
@click.argument("key")
@with_actor_and_reason
def release_batch(use_case: str, key: str, actor: str, reason: str) -> None:
    """Release a quarantined batch: all its rows that can be read are accepted."""
    ctx = open_context(use_case)
    batch = quarantined.release(ctx, newest(ctx, key).id, actor, reason)
    click.echo(f"released: batch {batch.id} is {batch.state}")


@click.command(name="discard")
@click.argument("use_case")
@click.argument("key")
@with_actor_and_reason
def discard_batch(use_case: str, key: str, actor: str, reason: str) -> None:
    """Discard a quarantined batch: it is kept and never used."""
    ctx = open_context(use_case)
    batch = quarantined.discard(ctx, newest(ctx, key).id, actor, reason)
    click.echo(f"discarded: batch {batch.id}")


def newest(ctx: InstalledContext, key: str) -> Batch:
    """The newest revision of a batch."""
    revisions = [batch for batch in ctx.ledger.batches.list(ctx.name) if batch.id.key == key]
    if not revisions:
        raise RecordNotFoundError(f"{ctx.name} has no batch {key!r}")
    return revisions[-1]
