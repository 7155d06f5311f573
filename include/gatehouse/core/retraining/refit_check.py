"""What a retrain would give: refits and former champions, compared with the champion on each newly matured batch.

Every alternative is made of rows of earlier batches only, so its gains on one batch after the other may be added up. One
sequential test for each alternative (`core.statistics.sequential_test`) finds a small steady gain in several batches and a
large one in one. Over a champion's life the chance to be told of a gain that is none is at most `error`, for all together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from gatehouse.core.statistics.sequential_test import evidence_of_gain, log_mean
from gatehouse.formatting import shown

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from gatehouse.core.config.triggers import RefitReason
    from gatehouse.core.types import MonitoringReport

NEWEST = 3  # batches that a window is chosen by


@dataclass(frozen=True)
class Gains:
    """How much smaller an alternative's loss is than the champion's, block by block: sums over the rows of each block."""

    rows: tuple[int, ...]
    sums: tuple[float, ...]

    @property
    def total(self) -> float:
        """The sum over all rows."""
        return sum(self.sums)

    @property
    def means(self) -> NDArray[np.float64]:
        """The mean gain of each block."""
        return np.asarray(np.array(self.sums) / np.array(self.rows))


@dataclass(frozen=True)
class RefitRecord:
    """One batch's comparison: the champion's mean loss on its rows, and the gains of each alternative by its name. A former
    champion's name begins with `version`."""

    batch: str
    champion: int
    metric: str
    loss: float
    rows: int
    alternatives: Mapping[str, Gains]

    def to_document(self) -> dict[str, Any]:
        """The record as the monitoring report keeps it."""
        gains = {name: {"rows": list(g.rows), "sums": list(g.sums)} for name, g in self.alternatives.items()}
        numbers = {"batch": self.batch, "champion": self.champion, "metric": self.metric, "loss": self.loss}
        return {**numbers, "rows": self.rows, "alternatives": gains}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> RefitRecord:
        """The inverse of `to_document`."""
        gains = {
            name: Gains(tuple(each["rows"]), tuple(each["sums"])) for name, each in document["alternatives"].items()
        }
        numbers = {name: document[name] for name in ("batch", "champion", "metric", "loss", "rows")}
        return cls(**numbers, alternatives=gains)


@dataclass(frozen=True)
class RefitFinding:
    """One alternative after the newest batch: its mean gain since the batch from which on most evidence comes, with its 95 %
    interval, the mean gain on the newest batch alone with the upper end of its interval, whether the whole is sure enough to
    ask (`found`), and a sentence."""

    alternative: str
    gain: float
    low: float
    high: float
    batches: tuple[str, ...]
    chance: float
    newest: float
    newest_high: float
    found: bool
    sentence: str

    def to_document(self) -> dict[str, Any]:
        """The finding as plain values."""
        return {**vars(self), "batches": list(self.batches)}


def refit_records(reports: Iterable[MonitoringReport], until: datetime) -> list[RefitRecord]:
    """The records of the reports up to `until`, the oldest first."""
    known = [each for each in reports if each.as_of <= until and each.body.get("refits")]
    return [RefitRecord.from_document(each.body["refits"]) for each in sorted(known, key=lambda each: each.as_of)]


def records_of_champion(records: Sequence[RefitRecord], version: int) -> Sequence[RefitRecord]:
    """The records of the champion's present time of service: those since another version was in production."""
    others = [number for number, record in enumerate(records) if record.champion != version]
    return records[others[-1] + 1 :] if others else records


def assess_refits(records: Sequence[RefitRecord], reason: RefitReason) -> tuple[RefitFinding, ...]:
    """Each alternative's evidence over the records of one champion, the oldest first; those found come first, the largest
    gain of the newest batch before the others."""
    if not records:
        return ()
    names = sorted({name for record in records for name in record.alternatives})
    known = {name: [record for record in records if name in record.alternatives] for name in names}
    alone = [evidence_of_gain([each.alternatives[name].means for each in known[name]]) for name in names]
    any_gains = log_mean([each.log_e for each in alone])
    found = [
        _assess(name, known[name][evidence.since :], reason, min(evidence.log_e, any_gains))
        for name, evidence in zip(names, alone, strict=True)
        if name in records[-1].alternatives
    ]
    return tuple(sorted(found, key=lambda each: (not each.found, -each.newest)))


def _assess(name: str, since: Sequence[RefitRecord], reason: RefitReason, log_e: float) -> RefitFinding:
    """What the records since the batch from which on most evidence comes say, at this evidence."""
    lately = [record.alternatives[name] for record in since]
    rows = sum(sum(each.rows) for each in lately)
    gain, loss = (
        sum(each.total for each in lately) / rows,
        sum(r.loss * r.rows for r in since) / sum(r.rows for r in since),
    )
    arm = _arm(np.concatenate([each.means for each in lately]))
    enough = log_e >= -log(reason.error) and gain >= reason.min_gain * abs(loss)
    chance = min(1.0, float(np.exp(-log_e)))
    newest, newest_arm = lately[-1].total / sum(lately[-1].rows), _arm(lately[-1].means)
    newest_high = newest + newest_arm if np.isfinite(newest_arm) else float("inf")
    batches = tuple(record.batch for record in since)
    where = f"the last {len(batches)} batches" if len(batches) > 1 else f"batch {batches[0]}"
    arms = f" ({shown(gain - arm)} to {shown(gain + arm)})" if np.isfinite(arm) else ""
    sentence = (
        f"{_named(name)} would be {shown(abs(gain))}{arms if gain > 0 else ''} {'better' if gain > 0 else 'worse'} on {where} "
        f"({since[-1].metric}; {'' if enough else 'not '}sure over this champion's life at an error of {reason.error:g})"
    )
    return RefitFinding(name, gain, gain - arm, gain + arm, batches, chance, newest, newest_high, enough, sentence)


def _arm(means: NDArray[np.float64]) -> float:
    """Half of the 95 % interval of the mean of whole blocks, by Student's t."""
    from scipy.special import stdtrit

    if len(means) < 2:
        return float("nan")
    return float(stdtrit(len(means) - 1, 0.975)) * float(means.std(ddof=1)) / sqrt(len(means))


def is_former(alternative: str) -> bool:
    """Whether an alternative is a former champion, which needs no training."""
    return alternative.startswith("version ")


def _named(alternative: str) -> str:
    return (
        f"the former champion, {alternative}," if is_former(alternative) else f"a refit on the window `{alternative}`"
    )


def best_window(records: Sequence[RefitRecord], windows: Sequence[str]) -> str | None:
    """The window whose refits have predicted the newest batches best; None where no record has any of them.

    The newest `NEWEST` batches count alike, as far as the windows were refitted for each of them. Of equal ones the first
    in the order of `windows` counts.
    """
    lately = list(records[-NEWEST:])
    while lately:
        usable = [name for name in windows if all(name in record.alternatives for record in lately)]
        if usable:
            totals = {name: sum(record.alternatives[name].total for record in lately) for name in usable}
            return max(usable, key=lambda name: totals[name])
        lately = lately[1:]
    return None
