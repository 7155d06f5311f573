"""The policy of a use case: its rules with their sentences and limits, and what another limit would have changed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import Response

from gatehouse.adapters.kept_backtests import kept_backtests, kept_page
from gatehouse.bootstrap import InstalledContext
from gatehouse.core.gate.limit_change import ChangedVerdict, Limit, limits_of
from gatehouse.errors import ConfigurationError, GatehouseError
from gatehouse.reports.rule_groups import GROUPS, OTHER, group_of
from gatehouse_ui.auth import User
from gatehouse_ui.deps import ARCHIVED, Search, desk_of, require_readable
from gatehouse_ui.use_case_header import render_use_case

router = APIRouter()
MEASURED = 5  # flips whose cost is measured at once
Value = Annotated[str, Query(max_length=40)]


@router.get("/use-cases/{use_case}/policy")
def policy_page(
    request: Request, user: User, use_case: str, limit: Search = "", value: Value = "", costs: bool = False
) -> Response:
    """The rules by group; with a limit and a value, the decisions replayed with it. Nothing is stored.

    `costs` asks what each of the newest flips would have saved or cost: some seconds each."""
    require_readable(request, user, use_case)
    desk = desk_of(request)
    case = desk.case(use_case)
    limits = limits_of(case.gate)
    chosen = next((each for each in limits if each.name == limit), None)
    if limit and chosen is None:
        raise HTTPException(400, "the policy has no such limit; choose one of the list")
    by_rule: dict[int, list[Limit]] = {}
    for each in limits:
        by_rule.setdefault(each.position, []).append(each)
    rules = [(position, rule, by_rule.get(position, [])) for position, rule in enumerate(case.gate.rules)]
    return render_use_case(
        request,
        "policy.html",
        use_case,
        groups={
            name: found
            for name in (*GROUPS, OTHER)
            if (found := [one for one in rules if group_of(one[1].rule) == name])
        },
        limits=limits,
        chosen=chosen,
        value=value,
        measured=MEASURED,
        backtests=kept_backtests(desk.settings.home, use_case),
        **_replayed(desk, case, chosen, value, costs),
    )


@router.get("/use-cases/{use_case}/backtests/{name}")
def backtest_page(request: Request, user: User, use_case: str, name: str) -> Response:
    """A kept backtest report, byte for byte; it brings its own, stricter content policy."""
    require_readable(request, user, use_case)
    page = kept_page(desk_of(request).settings.home, use_case, name)
    return Response(page, media_type="text/html", headers={"Content-Security-Policy": ARCHIVED})


def _replayed(desk: Any, case: Any, chosen: Limit | None, value: str, costs: bool) -> dict[str, Any]:
    """The decisions with the changed limit, or why there are none."""
    if chosen is None or not value.strip():
        return {"replayed": None, "wrong": "", "regrets": {}}
    from gatehouse.pipeline.manual.replay_limit import replay_limit

    try:
        ctx = InstalledContext(case, desk.settings)
        replayed = replay_limit(ctx, chosen, _number(value))
        return {"replayed": replayed, "wrong": "", "regrets": _regrets(ctx, replayed) if costs else {}}
    except ConfigurationError as error:
        return {"replayed": None, "wrong": str(error), "regrets": {}}
    except (GatehouseError, KeyError, TypeError) as error:  # evidence that is lost, or of another version
        return {"replayed": None, "wrong": f"The archived evidence cannot be read: {error}"[:500], "regrets": {}}


def _regrets(ctx: InstalledContext, replayed: list[ChangedVerdict]) -> dict[str, str]:
    """What the newest flips would have saved or cost, by decision."""
    from gatehouse.pipeline.manual.policy_comparison import consequence, regret_of

    metric = ctx.case.gate.metric.replace("_", " ")
    return {
        each.decision.id: consequence(regret_of(ctx, each.decision, each.verdict), metric)
        for each in [one for one in replayed if one.flips][:MEASURED]
    }


def _number(value: str) -> float:
    """The number that a form holds."""
    try:
        found = float(value.strip().replace(",", "."))
    except ValueError:
        found = float("nan")
    if not -1e300 < found < 1e300:
        raise ConfigurationError("a limit is a number", found=repr(value), allowed="a number such as 0.01")
    return found
