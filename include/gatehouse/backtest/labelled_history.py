"""What a site's history knows by a moment: labelled rows, who was the newest challenger, who the first champion."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from gatehouse.context import UseCaseContext
from gatehouse.core.types import Batch, Outcomes, TrainingSet
from gatehouse.pipeline.batch_data.labelled_rows import labelled_frame
from gatehouse.pipeline.batch_data.row_keys import LABEL
from gatehouse.stacked_tables import stacked

if TYPE_CHECKING:
    import pandas as pd

Part = tuple[Batch, Outcomes]
ROLLING = 3  # times as many batches as the first champion was made of: a longer window to compare with


class LabelledHistory:
    """The accepted rows of batches whose outcomes are known, kept in memory."""

    def __init__(self, ctx: UseCaseContext) -> None:
        self.ctx = ctx
        self._kept: dict[tuple[str, str], pd.DataFrame | None] = {}

    def rows(self, batch: Batch, outcomes: Outcomes) -> pd.DataFrame | None:
        """None where there are none, or where the features cannot be made: the replay has reported that as the batch's
        error."""
        key = label_rows(batch, outcomes)
        if key not in self._kept:
            self._kept[key] = self._made(batch, outcomes)
        return self._kept[key]

    def stacked(self, parts: Iterable[Part], most: int) -> pd.DataFrame:
        """At most `most` rows of these batches, each batch thinned alike: evenly spread over them."""
        import pandas as pd

        frames = [frame for frame in (self.rows(*part) for part in parts) if frame is not None]
        step = max(1, math.ceil(sum(map(len, frames)) / most))
        return stacked([frame.iloc[::step] for frame in frames]) if frames else pd.DataFrame()

    def _made(self, batch: Batch, outcomes: Outcomes) -> pd.DataFrame | None:
        try:
            frame = labelled_frame(self.ctx, batch, outcomes)
        except Exception:
            return None
        known = frame[frame[LABEL].notna()]
        return known if len(known) else None


def label_rows(batch: Batch, outcomes: Outcomes) -> tuple[str, str]:
    """What a batch's labelled rows depend on."""
    return str(batch.id), outcomes.file.sha256


def matured(batches: Mapping[str, Batch], outcomes: Mapping[str, Outcomes], moment: datetime) -> list[Part]:
    """Those of the batches (by key) whose outcomes had arrived by a moment, with them, in the order of arrival."""
    found = [(batches[key], each) for key, each in outcomes.items() if key in batches and each.arrived <= moment]
    return sorted(found, key=lambda part: (part[1].arrived, part[0].id.key))


def challengers(ctx: UseCaseContext) -> list[tuple[datetime, str]]:
    """From when on which candidate was the newest challenger."""
    models = ctx.ledger.models.list(ctx.name)
    return sorted((ctx.ledger.requests.get(model.request).as_of, model.candidate) for model in models)


def newest_challenger(known: Sequence[tuple[datetime, str]], moment: datetime) -> str | None:
    """The candidate that the newest challenger of a moment was."""
    return next((name for as_of, name in reversed(known) if as_of <= moment), None)


def first_champion(ctx: UseCaseContext) -> tuple[int, TrainingSet] | None:
    """The version of the first champion and what it was trained on."""
    promotions = ctx.ledger.models.promotions(ctx.name)
    if not promotions:
        return None
    model = ctx.ledger.models.get(ctx.name, promotions[0].version)
    return model.version, ctx.ledger.requests.training_set(model.request)


def window_of(training_set: TrainingSet) -> int:
    """How many batches a model was made of."""
    return len(training_set.training_batches) + len(training_set.holdout_batches)
