"""How this installation anchors its audit log: which key, which places, and what lies there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from gatehouse.core.audit.anchors import AnchorEvidence, read
from gatehouse.errors import GatehouseError

if TYPE_CHECKING:
    from gatehouse.core.audit.anchors import Anchor
    from gatehouse.pipeline.maintenance.anchor_log import Anchoring
    from gatehouse.ports import AuditLog, Tracking
    from gatehouse.settings import Settings

event_log = structlog.get_logger("gatehouse")


def open_anchoring(settings: Settings) -> Anchoring | None:
    """The key and the lake; None where no key is configured."""
    if settings.anchor_key is None:
        return None
    from gatehouse.adapters.anchor_keys import FileSigner
    from gatehouse.adapters.anchor_lake import LakeAnchors
    from gatehouse.pipeline.maintenance.anchor_log import Anchoring

    return Anchoring(FileSigner(settings.anchor_key), LakeAnchors(settings.lake))


def anchor_for(
    settings: Settings, log: AuditLog, tracking: Callable[[], Tracking], use_cases: Iterable[str], hourly: bool = False
) -> Anchor | None:
    """Anchor the log now; with `hourly` only when the newest anchor is an hour old. Whatever fails is logged: a promotion
    is not undone for it, and the next maintenance tries again."""
    try:
        anchoring = open_anchoring(settings)
        if anchoring is None or (hourly and not anchoring.is_due()):
            return None
        made = anchoring.anchor(log)
    except GatehouseError as error:
        event_log.warning("not anchored", error=str(error))
        return None
    if made is None:
        return None
    for name in use_cases:
        with suppress(GatehouseError):  # MLflow may be away; the lake has the anchor
            tracking().keep_anchor(name, made.document(whole=False))
    return made


def anchor_evidence(settings: Settings, tracking: Tracking | None, use_cases: Iterable[str]) -> AnchorEvidence | None:
    """The anchors of the lake and of MLflow with signatures that hold; None where no key is known to check them with."""
    anchoring = open_anchoring(settings)
    key = anchoring.signer.public_key if anchoring else settings.anchor_public_key.strip().lower()
    if not key:
        return None
    from gatehouse.adapters.anchor_keys import is_signed
    from gatehouse.adapters.anchor_lake import LakeAnchors

    found: dict[str, list[Anchor]] = {"the lake": [], "MLflow": []}
    refused: list[str] = []
    for place, document in [("the lake", each) for each in LakeAnchors(settings.lake).documents()] + [
        ("MLflow", each) for each in _in_mlflow(tracking, use_cases)
    ]:
        anchor = read(document)
        if anchor is None or anchor.key != key or not is_signed(anchor.signed_bytes(), anchor.signature, key):
            told = f"of {anchor.at} about {anchor.entries} entries" if anchor else "that cannot be read"
            refused.append(f"{place} has an anchor {told} that was not signed with the key {key[:16]}")
        else:
            found[place].append(anchor)
    kept = {anchor.name for anchor in found["the lake"]}
    lost = {anchor.name: anchor for anchor in found["MLflow"] if anchor.name not in kept}
    refused += [f"the lake lacks the anchor of {each.at} that MLflow has" for each in lost.values()]
    return AnchorEvidence((*found["the lake"], *lost.values()), tuple(refused))


def _in_mlflow(tracking: Tracking | None, use_cases: Iterable[str]) -> list[str]:
    """The anchors beside the registered models, each once; none while MLflow is away."""
    told: set[str] = set()
    for name in use_cases if tracking is not None else ():
        with suppress(GatehouseError):
            told.add(tracking.anchor(name))  # type: ignore[union-attr]
    return sorted(told - {""})
