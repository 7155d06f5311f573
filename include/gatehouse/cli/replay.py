"""`gatehouse decision replay`: every archived decision again, under its own policy or another one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from gatehouse.bootstrap import InstalledContext, open_context
from gatehouse.cli.output import json_option, plain, print_result, table
from gatehouse.core.audit.canonical_json import canonical
from gatehouse.core.config.gate import GatePolicy
from gatehouse.core.config.gate_for_task import check_policy
from gatehouse.core.gate.decide import decision_document
from gatehouse.errors import ConfigurationError
from gatehouse.pipeline.judge import judge_challenger
from gatehouse.pipeline.manual import policy_comparison
from gatehouse.use_case import OWNERS
from gatehouse.yaml_loader import read_spec


@click.command()
@click.argument("use_case")
@click.option(
    "--policy", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Another gate.yaml to decide by."
)
@json_option
def replay(use_case: str, policy: Path | None, as_json: bool) -> None:
    """Decide again from the archived evidence. Exit code 1 when the archived policy gives another decision.

    With `--policy` you see which verdicts change, and what each change would have cost or saved on the outcomes since.
    A rule whose values were never measured is INCONCLUSIVE. A REVIEW promotes only what a person approved.
    """
    ctx = open_context(use_case)
    if policy is not None:
        found = policy_comparison.compare_policies(ctx, load_policy(policy, ctx))
        print_result([_document(one) for one in found], as_json, told(found, ctx.case.gate.metric))
        return
    rows = []
    for decision in ctx.ledger.decisions.list(ctx.name):
        again = judge_challenger.replay_decision(ctx, decision.id)
        same = canonical(decision_document(again)) == canonical(decision_document(decision))
        rows.append((decision.id[:8], decision.version, decision.verdict, again.verdict, "same" if same else "differs"))
    names = ("decision", "version", "then", "now", "replay")
    print_result([dict(zip(names, row, strict=True)) for row in rows], as_json, table(names, rows, "no decision yet"))
    if any(row[4] != "same" for row in rows):
        raise SystemExit(1)


def load_policy(file: Path, ctx: InstalledContext) -> GatePolicy:
    """The policy of a file, for this use case; ConfigurationError for another's, and for rules its task does not know."""
    policy = read_spec(file, GatePolicy, OWNERS["gate.yaml"])
    if policy.use_case not in (None, ctx.name):
        raise ConfigurationError(
            "the policy is another use case's",
            where=f"{file}: use_case",
            found=repr(policy.use_case),
            allowed=f"{ctx.name}, or no use_case at all",
            owner=OWNERS["gate.yaml"],
        )
    check_policy(policy, ctx.case.retrain.task, str(file), ctx.case.retrain.class_names)
    return policy


def told(found: list[policy_comparison.ReplayedDecision], metric: str) -> str:
    """A line for each decision, why for those that flip, and how many there are."""
    flipped = [one for one in found if _flips(one)]
    rows = [
        (
            one.decision.id[:8],
            one.decision.version,
            one.decision.verdict,
            one.again.verdict,
            "flips" if _flips(one) else "",
            f"{one.regret.rows:,}" if one.regret else "",
            policy_comparison.consequence(one.regret, metric),
        )
        for one in found
    ]
    headings = ("decision", "version", "then", "now", "", "rows since", "what it would have meant")
    why = [f"{one.decision.id[:8]}: {one.again.sentence}" for one in flipped]
    counted = f"{len(flipped)} of {len(found)} verdicts {'flips' if len(flipped) == 1 else 'flip'}"
    return "\n".join([table(headings, rows, "no decision yet"), "", *why, counted] if found else ["no decision yet"])


def _flips(one: policy_comparison.ReplayedDecision) -> bool:
    return one.again.verdict is not one.decision.verdict


def _document(one: policy_comparison.ReplayedDecision) -> dict[str, Any]:
    then, now = one.decision, one.again
    measured = (
        None if one.regret is None else {**plain(one.regret), "saved": one.regret.saved if one.regret.rows else None}
    )
    return {
        "decision": then.id,
        "version": then.version,
        "then": then.verdict,
        "now": now.verdict,
        "flips": _flips(one),
        "why": now.sentence,
        "regret": measured,
    }
