"""The rows that the champion's quality is measured on: the newest whose outcomes have arrived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gatehouse.core.records import Batch, Champion
from gatehouse.core.reference import SCORE
from gatehouse.site import Site
from gatehouse.stacked import stacked
from gatehouse.stages.rows import BATCH, LABEL, batch_frame, newest_revisions, with_labels
from gatehouse.stages.score import model_inputs

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Matured:
    """The newest batch with outcomes; the `labelled` rows of it and of those measured with it, with the champion's scores
    (`gh_score`); and how many rows each of these batches has in all, by its id, the newest last."""

    batch: Batch
    labelled: pd.DataFrame
    rows: Mapping[str, int]

    @property
    def scored(self) -> int:
        """How many rows were scored, with outcomes or without."""
        return sum(self.rows.values())

    def days(self, min_maturity: float) -> list[pd.DataFrame]:
        """The labelled rows of each batch of which so many have outcomes; none while the newest one has fewer: the outcomes
        that come first are not like the others."""
        parts = {str(name): part for name, part in self.labelled.groupby(BATCH, sort=False)}
        whole = [name for name, rows in self.rows.items() if name in parts and len(parts[name]) >= min_maturity * rows]
        return [parts[name] for name in whole] if whole and whole[-1] == str(self.batch.id) else []


def newest_matured(site: Site, as_of: datetime, champion: Champion, estimator: Any) -> Matured | None:
    """The newest batch whose outcomes arrived by `as_of` and that the champion was not trained on. Batches of a day or a
    week are too short to resample days of: the newest `measure_over` batches are measured together."""
    arrived = site.ledger.batches.outcomes(site.name, as_of)
    accepted = [b for b in newest_revisions(site.ledger.batches.list(site.name)) if b.id.key in arrived]
    fresh = [b for b in accepted if b.interval.start >= champion.model.trained_until and b.interval.end <= as_of]
    if not fresh:
        return None
    pooled = fresh[-site.case.retrain.measured_together(site.case.contract.batch) :]
    frames = [with_labels(site, batch_frame(site, each), arrived[each.id.key]) for each in pooled]
    frame = stacked(frames)
    labelled = frame[frame[LABEL].notna()]
    predicted: Any = (
        site.models.predict(estimator, model_inputs(labelled), site.case.retrain.task) if len(labelled) else []
    )
    rows = {str(each.id): len(part) for each, part in zip(pooled, frames, strict=True)}
    return Matured(fresh[-1], labelled.assign(**{SCORE: predicted}), rows)


def measured_before(site: Site, key: str, champion: Champion) -> bool:
    """Whether an earlier watch measured this champion on that batch: one late month must not be counted twice."""
    return any(
        report.body.get("matured", {}).get("batch") == key and report.body.get("champion") == champion.model.version
        for report in site.ledger.batches.watches(site.name)
    )
