"""A model of two named classes is not used for the same names the other way round."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gatehouse.core.config.retrain import RetrainPolicy
from gatehouse.core.drift.reference import Reference
from gatehouse.core.profiling import profile_of
from gatehouse.errors import ModelError
from gatehouse.pipeline.batch_data.known_classes import check_classes


@pytest.mark.parametrize(
    ("then", "today", "refused"),
    [
        (["repaid", "default"], ["repaid", "default"], False),
        (["repaid", "default"], ["default", "repaid"], True),
        (["repaid", "default"], ["repaid", "late"], True),
        ([], ["repaid", "default"], False),
        (["repaid", "default"], [], False),
    ],
)
def test_two_names_keep_their_places(then: list[str], today: list[str], refused: bool) -> None:
    """Exchanged and renamed classes are refused; names for what was 0 and 1 before, and back, are not."""
    nothing = profile_of({})
    reference = Reference(nothing, nothing, {}, {}, 0, made_by={"label_names": then} if then else {})
    given = {"task": "classification", "classes": tuple(today), "min_batches_first_training": 1}
    policy = RetrainPolicy.model_validate({**given, "triggers": {}, "selection_metric": "log_loss"})
    lake = SimpleNamespace(read=lambda _: json.dumps(reference.to_document()).encode())
    ctx: Any = SimpleNamespace(case=SimpleNamespace(retrain=policy, folder=Path("loans")), lake=lake)
    model = cast("Any", SimpleNamespace(reference=None, version=3))
    if not refused:
        check_classes(ctx, model)
        return
    with pytest.raises(ModelError, match="allowed: repaid, default; to be changed"):
        check_classes(ctx, model)
