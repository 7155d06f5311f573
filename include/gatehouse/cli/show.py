"""Commands that look: batches, requests, decisions, the champion, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import click

from gatehouse.bootstrap import InstalledContext, open_context
from gatehouse.cli.output import json_option, plain, print_result, table
from gatehouse.core.config.gate import GatePolicy
from gatehouse.core.gate.explain import explain as explanation
from gatehouse.core.types import BatchState
from gatehouse.errors import GatehouseError, RecordNotFoundError
from gatehouse.pipeline import land
from gatehouse.ports import PassedOver
from gatehouse.settings import Settings
from gatehouse.use_case import folders


@click.command()
@click.argument("use_case")
@click.option("--pending", is_flag=True, help="Only deliveries at the source that wait or are passed over, and why.")
@json_option
def batches(use_case: str, pending: bool, as_json: bool) -> None:
    """List every batch and revision: rows, quarantined rows, state and why. Deliveries that are not taken follow."""
    ctx = open_context(use_case)
    if pending:
        not_taken = land.pending(ctx)
        print_result(
            [plain(each) for each in not_taken], as_json, _passed_over(not_taken) or "nothing waits at the source"
        )
        return
    found = ctx.ledger.batches.list(ctx.name)
    rows = []
    for batch in found:
        delivered = sum(part.source.rows or 0 for part in batch.tables.values())
        kept = sum(part.accepted.rows or 0 for part in batch.tables.values() if part.accepted)
        rejected = delivered - kept if batch.state is BatchState.ACCEPTED else ""
        report = f"{ctx.settings.lake}/{batch.report.path}" if batch.report else ""
        rows.append((batch.id.key, batch.id.revision, batch.state, delivered, rejected, batch.reason, report))
    headings = ("batch", "revision", "state", "rows", "quarantined", "reason", "report")
    human = table(headings, rows) if as_json else f"{table(headings, rows)}{_not_taken(ctx)}"
    print_result([plain(batch) for batch in found], as_json, human)


def _not_taken(ctx: InstalledContext) -> str:
    """What follows the table of batches; a source that cannot be read must not hide them."""
    try:
        text = _passed_over(land.passed_over(ctx))
    except GatehouseError as error:
        text = f"The source cannot be listed. {error}"
    return f"\n\n{text}" if text else ""


def _passed_over(found: Sequence[PassedOver]) -> str:
    return table(("not taken", "why"), [(each.name, each.reason) for each in found], empty="")


@click.command()
@click.argument("use_case")
@json_option
def requests(use_case: str, as_json: bool) -> None:
    """List every retrain request: its reasons and how it ended."""
    found = open_context(use_case).ledger.requests.list(use_case_name(use_case))
    rows = [
        (r.id[:8], r.state, r.opened_by, "; ".join(reason.sentence for reason in r.reasons), r.closing) for r in found
    ]
    print_result([plain(r) for r in found], as_json, table(("request", "state", "opened by", "reasons", "ended"), rows))


@click.command()
@click.argument("use_case")
@json_option
def decisions(use_case: str, as_json: bool) -> None:
    """List every decision of the gate: its verdict and why."""
    found = open_context(use_case).ledger.decisions.list(use_case_name(use_case))
    rows = [
        (
            d.id[:8],
            d.version,
            d.verdict,
            " ".join(f"{n} {o}" for o, n in Counter(r.outcome for r in d.results).items()),
            d.sentence,
        )
        for d in found
    ]
    print_result([plain(d) for d in found], as_json, table(("decision", "version", "verdict", "rules", "why"), rows))


@click.command()
@click.argument("use_case")
@click.option("--at", "at", type=click.DateTime(), help="The champion at that moment (UTC).")
@json_option
def champion(use_case: str, at: datetime | None, as_json: bool) -> None:
    """Print the model in production, now or at a moment, and the decision or person behind it."""
    ctx = open_context(use_case)
    moment = at.replace(tzinfo=UTC) if at else None
    found = ctx.ledger.models.champion(ctx.name, moment)
    history = ctx.ledger.models.promotions(ctx.name)
    behind = next((p for p in history if found and p.generation == found.generation), None)
    human = f"{ctx.name} has no champion{f' at {at}' if at else ''}"
    if found and behind:
        human = (
            f"{ctx.name}: version {found.model.version} ({found.model.candidate}), generation {found.generation}, "
            f"sha256 {found.model.file.sha256[:12]}\nby {behind.kind} of {behind.actor}: {behind.reason}"
        )
    document = {"champion": plain(found) if found else None, "promotion": plain(behind) if behind else None}
    print_result(document, as_json, human)


@click.command()
@click.argument("decision")
@json_option
def explain(decision: str, as_json: bool) -> None:
    """Explain a decision: why, how far each result is from its limit, and what would change the verdict."""
    ctx, whole_id = resolve_decision(decision)
    found = ctx.ledger.decisions.get(whole_id)
    _, policy = ctx.ledger.decisions.archive(whole_id)
    told = explanation(found, GatePolicy.archived(policy).confidence)
    print_result({"decision": plain(found), "explanation": told.document()}, as_json, str(told))


def use_case_name(name_or_path: str) -> str:
    """The name of a use case that is given by name or by folder."""
    return name_or_path.rstrip("/").rsplit("/", 1)[-1]


def resolve_decision(decision: str) -> tuple[InstalledContext, str]:
    """The site and the whole id of a decision given by its first characters (at least six, and unambiguous)."""
    matches = []
    for folder in folders(Settings.from_environment().usecases):
        ctx = open_context(str(folder))
        matches += [(ctx, d.id) for d in ctx.ledger.decisions.list(ctx.name) if d.id.startswith(decision)]
    if len(decision) < 6 or len(matches) != 1:
        raise RecordNotFoundError(
            f"decision {decision!r} names {len(matches)} decisions; give at least six characters of one id"
        )
    return matches[0]
