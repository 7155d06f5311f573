"""Gatehouse on the same files: batches of features against calibrated limits and against how columns go together."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gatehouse.core.config.triggers import DriftReason
from gatehouse.core.drift import judge
from gatehouse.core.drift.calibration import calibrate
from gatehouse.core.drift.domain_classifier import domain_classifier_auc, rank_transform
from gatehouse.core.drift.domain_classifier import judge as judge_together
from gatehouse.core.profiling import Profile, profile_of
from gatehouse.pipeline.batch_data.reference import codes
from gatehouse.pipeline.monitor.input_drift import INPUTS, TOGETHER

POLICY = DriftReason()
SAMPLE = 2000


def run(folder: Path) -> dict[str, Any]:
    """Alarms and the largest ratio of a distance to its limit of every batch, as the watch finds them before it asks for the
    impact."""
    reference, batches = (
        [part.drop(columns="chunk") for _, part in pd.read_parquet(folder / f"{name}.parquet").groupby("chunk")]
        for name in ("reference", "batches")
    )
    started = time.perf_counter()
    known = _Known(reference)
    found = [known.look(batch) for batch in batches]
    return {"seconds": time.perf_counter() - started, "batches": found}


class _Known:
    """A reference with its calibration."""

    def __init__(self, parts: list[pd.DataFrame]) -> None:
        whole = pd.concat(parts, ignore_index=True)
        self.profile: Profile = profile_of(whole)
        self.calibration = calibrate(
            self.profile, [profile_of(each, like=self.profile) for each in parts], distances=[POLICY.distance]
        )
        self.sample = self._ranks(whole)
        self.apart = tuple(
            domain_classifier_auc(
                self._ranks(pd.concat([each for each in parts if each is not part])), self._ranks(part)
            )
            for part in parts[:8]
        )

    def _ranks(self, frame: pd.DataFrame) -> np.typing.NDArray[np.float64]:
        rows = np.sort(np.random.default_rng(0).permutation(len(frame))[:SAMPLE])
        self.names = list(coded := codes(frame.iloc[rows], self.profile))
        return rank_transform(list(coded.values()), 0)

    def look(self, batch: pd.DataFrame) -> dict[str, float]:
        policy = POLICY.model_copy(update={"false_alarms": POLICY.false_alarms * INPUTS})
        drifts = judge(self.profile, profile_of(batch, like=self.profile), policy, self.calibration)
        one = self._ranks(batch)
        level = POLICY.false_alarms * TOGETHER
        sizes = (len(self.sample), len(one))
        together = judge_together(
            domain_classifier_auc(self.sample, one), self.apart, level, sizes, self.names, self.sample, one
        )
        worst = max(each.value / each.limit for each in drifts if each.value is not None and each.limit)
        worst = max(worst, (together.auc - 0.5) / (together.limit - 0.5))
        return {"alarms": sum(each.alarm for each in drifts) + together.changed, "worst": worst}
