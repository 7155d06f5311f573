"""Repair: what was changed behind the gate's back is logged as what it is, once, and put right where the ledger says how.

The finding is logged before the repair and the repair after it: a death in between neither hides what was found nor
has it found twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gatehouse.context import UseCaseContext
from gatehouse.core.audit.canonical_json import canonical, sha256
from gatehouse.core.types import FileRef, ModelVersion
from gatehouse.errors import LakeError, ServiceUnavailableError, TrackingError
from gatehouse.pipeline.maintenance.track_mlflow import is_behind
from gatehouse.pipeline.promote import point_aliases

MAINTENANCE = "maintenance"
MOVED, REPLACED = "alias.drifted", "model.replaced"
PUT_RIGHT = {MOVED: "alias.repaired", REPLACED: "model.restored"}  # what was found, and what says that it is no more


def reconcile(ctx: UseCaseContext) -> str:
    """Compare MLflow's alias with the ledger (invariant I10). A difference is logged as an unexplained promotion and
    repaired; returns the sentence about it, or an empty text when they agree or `projection` can tell why they do not."""
    champion = ctx.ledger.models.champion(ctx.name)
    expected = champion.model.version if champion else None
    found = ctx.tracking.champion_alias(ctx.name)
    if found == expected:
        _over(ctx, ctx.name, MOVED)
        return ""
    if _explained(ctx, found, expected):
        return ""
    place = "was removed" if found is None else f"pointed at version {found}"
    sentence = f"MLflow's alias champion of {ctx.name} {place}, the ledger's champion is {expected}"
    _found(ctx, ctx.name, MOVED, {"found": found, "expected": expected})
    point_aliases(ctx)
    if ctx.tracking.champion_alias(ctx.name) == expected:
        _over(ctx, ctx.name, MOVED)
    return sentence


def _explained(ctx: UseCaseContext, found: int | None, expected: int | None) -> bool:
    """Whether nobody moved the alias: MLflow could not be told of the champion, or the alias went with its version."""
    return is_behind(ctx) or (found is None and expected not in ctx.tracking.held(ctx.name).decisions)


def restore_replaced_models(ctx: UseCaseContext) -> list[str]:
    """Champion files whose bytes are no longer those recorded. MLflow's copy brings them back when it is the recorded
    one; returns the sentences about them."""
    champion = ctx.ledger.models.champion(ctx.name)
    if champion is None:
        return []
    file, subject = champion.model.file, f"{ctx.name}/v{champion.model.version}"
    damage = _damage(ctx, file)
    if not damage:
        _over(ctx, subject, REPLACED)
        return []
    copy, ending = _copy(ctx, champion.model)
    sentence = f"{ctx.name}: the file of champion {champion.model.version} was replaced: {damage}; {ending}"
    _found(ctx, subject, REPLACED, {"sentence": sentence})
    if copy is not None:
        ctx.lake.restore(file, copy)
        _over(ctx, subject, REPLACED)
    return [sentence]


def _copy(ctx: UseCaseContext, model: ModelVersion) -> tuple[bytes | None, str]:
    """MLflow's copy of a version's file if it has the recorded bytes, and what that means for the champion."""
    try:
        copy = ctx.tracking.model_bytes(ctx.name, model.version)
    except (TrackingError, ServiceUnavailableError):
        return None, "MLflow, which may have a copy, does not give it: scoring stops until it does; or roll back"
    if copy is not None and sha256(copy) == model.file.sha256:
        return copy, "restored from MLflow's copy"
    return None, "no copy has the recorded bytes: scoring stops; roll back"


def _damage(ctx: UseCaseContext, file: FileRef) -> str:
    """What is wrong with a recorded file, or an empty text."""
    try:
        ctx.lake.read(file)
    except LakeError as error:
        return str(error)
    return ""


def _found(ctx: UseCaseContext, subject: str, kind: str, body: Mapping[str, Any]) -> None:
    """Audit log a finding, unless it is the one that is open already."""
    known = ctx.ledger.audit_log.newest(subject, [kind, PUT_RIGHT[kind]])
    if known is None or known.kind != kind or known.body != canonical(body):
        ctx.ledger.audit_log.note(kind, subject, MAINTENANCE, body)


def _over(ctx: UseCaseContext, subject: str, kind: str) -> None:
    """Audit log that what is open about a subject is put right, whoever did it."""
    known = ctx.ledger.audit_log.newest(subject, [kind, PUT_RIGHT[kind]])
    if known is not None and known.kind == kind:
        ctx.ledger.audit_log.note(PUT_RIGHT[kind], subject, MAINTENANCE, {"found": known.seq})
