"""Who may do what: every act of a person on a model or a batch, and which people may do it.

This table is the only place that says so. Pages, the REST API's runs, forms and commands all ask `require_may`; the
ledger's triggers (permissions.sql) refuse the approvers' acts again, by the policy that is on record there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from gatehouse.errors import NotAllowedError

if TYPE_CHECKING:
    from gatehouse.core.config.gate import GatePolicy
    from gatehouse.core.types import Request


class Act(StrEnum):
    """What a person may do."""

    APPROVE = "approve"
    REJECT = "reject"
    OVERRIDE = "override"
    CONFIRM = "confirm"
    ROLL_BACK = "rollback"
    ACCEPT_LEVEL = "accept-level"
    RELEASE = "release"
    DISCARD = "discard"
    REVALIDATE = "revalidate"
    BACKFILL = "backfill"
    RETRAIN = "retrain"
    JUDGE_AGAIN = "rejudge"


class Who(StrEnum):
    """Whose act it is: an approver's (`review.approvers`), or that of anybody whom Airflow lets trigger the DAG."""

    APPROVER = "approver"
    USER = "user"


@dataclass(frozen=True)
class Permission:
    """Who may act, and the act in words: "ann may not <words>"."""

    who: Who
    words: str


ACTS: Mapping[Act, Permission] = {
    Act.APPROVE: Permission(Who.APPROVER, "answer a review"),
    Act.REJECT: Permission(Who.APPROVER, "answer a review"),
    Act.OVERRIDE: Permission(Who.APPROVER, "override a verdict"),
    Act.CONFIRM: Permission(Who.APPROVER, "confirm an override"),
    Act.ROLL_BACK: Permission(Who.APPROVER, "roll back"),
    Act.ACCEPT_LEVEL: Permission(Who.APPROVER, "accept a level"),
    Act.RELEASE: Permission(Who.APPROVER, "release a batch"),
    Act.DISCARD: Permission(Who.APPROVER, "discard a batch"),
    Act.REVALIDATE: Permission(Who.USER, "check a batch again"),
    Act.BACKFILL: Permission(Who.USER, "backfill"),
    Act.RETRAIN: Permission(Who.USER, "ask for a retraining"),
    Act.JUDGE_AGAIN: Permission(Who.USER, "have a decision made again"),
}
# Names that the ledger gives to its own work. Nobody acts by one of them.
RESERVED = frozenset({"", "airflow", "gate", "maintenance", "nobody"})


def require_may(act: Act, actor: str, policy: GatePolicy) -> None:
    """NotAllowedError for a person who may not do this, by whatever way they come."""
    permission, approvers = ACTS[act], policy.review.approvers
    if actor.strip() in RESERVED:
        raise NotAllowedError(
            f"{actor.strip() or 'nobody'} may not {permission.words}: that is no person's name. "
            "Act under your own login, so that your name goes on record"
        )
    if permission.who is Who.APPROVER and actor not in approvers:
        raise NotAllowedError(
            f"{actor} may not {permission.words}; gate.yaml names under review.approvers: {', '.join(approvers)}; "
            "to be changed by the risk owner"
        )


def sole_requester(request: Request) -> str:
    """The person who alone asked for a training; empty when a batch or a second person asked as well."""
    people = {str(each.numbers.get("actor", "")) if each.kind == "person" else "" for each in request.reasons}
    return people.pop() if len(people) == 1 else ""


def require_four_eyes(act: Act, actor: str, policy: GatePolicy, request: Request) -> None:
    """NotAllowedError for who would promote a model that they alone asked for, unless the policy allows it."""
    confirmed = act is Act.OVERRIDE and policy.override.require_second_approver
    if not policy.four_eyes or confirmed or actor != sole_requester(request):
        return
    raise NotAllowedError(
        f"{actor} alone asked for this training and may not {ACTS[act].words} for its model. Ask another approver "
        f"({', '.join(name for name in policy.review.approvers if name != actor) or 'review.approvers names none'}). "
        "`four_eyes: false` in gate.yaml allows it; to be changed by the risk owner"
    )
