"""Rules about the model as a thing that must be loaded and run, measured in a clean process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from gatehouse.core.gate.rules.base import Positive, Rule, at_least, at_most, point_estimate
from gatehouse.core.types import RuleOutcome, RuleResult
from gatehouse.formatting import count, number

if TYPE_CHECKING:
    from gatehouse.core.gate.rules.metrics_context import MetricsContext

BYTES_PER_MB = 1_000_000


class ModelSize(Rule):
    """The model file is at most `max_mb` megabytes (of 1,000,000 bytes)."""

    rule: Literal["model_size"]
    max_mb: Positive

    def judge(self, measures: MetricsContext) -> tuple[RuleResult, ...]:
        if measures.facts.size_bytes <= 0:
            return (
                self.result(RuleOutcome.INCONCLUSIVE, "the size of the model file is not known", limit=self.max_mb),
            )
        size = point_estimate(measures.facts.size_bytes / BYTES_PER_MB, 0)
        sentence = f"the model file has {number(size.value, self.max_mb)} MB; demanded: at most {number(self.max_mb)}"
        return (self.result(at_most(size, self.max_mb), sentence, estimate=size, limit=self.max_mb, bound="at most"),)


class PredictionSpeed(Rule):
    """A clean process predicts at least `min_rows_per_second`."""

    rule: Literal["prediction_speed"]
    min_rows_per_second: Positive

    def judge(self, measures: MetricsContext) -> tuple[RuleResult, ...]:
        speed, limit = measures.facts.rows_per_second, self.min_rows_per_second
        outcome = at_least(point_estimate(speed, 0), limit) if speed is not None else RuleOutcome.INCONCLUSIVE
        if speed is None or outcome is RuleOutcome.INCONCLUSIVE:
            return (
                self.result(RuleOutcome.INCONCLUSIVE, "the speed of prediction could not be measured", limit=limit),
            )
        bound = f"demanded: at least {number(limit, speed)}"
        sentence = f"a clean process predicts {count(round(speed))} rows a second; {bound}"
        return (self.result(outcome, sentence, estimate=point_estimate(speed, 0), limit=limit, bound="at least"),)


class LoadsCleanly(Rule):
    """The model file loads in a clean process without an error, in at most `max_seconds`."""

    rule: Literal["loads_in_clean_process"]
    max_seconds: Positive

    def judge(self, measures: MetricsContext) -> tuple[RuleResult, ...]:
        seconds, limit = measures.facts.load_seconds, self.max_seconds
        if measures.facts.load_error:
            sentence = f"the model does not load in a clean process: {measures.facts.load_error}"
            return (self.result(RuleOutcome.FAIL, sentence, limit=limit),)
        outcome = at_most(point_estimate(seconds, 0), limit) if seconds is not None else RuleOutcome.INCONCLUSIVE
        if seconds is None or outcome is RuleOutcome.INCONCLUSIVE:
            return (self.result(RuleOutcome.INCONCLUSIVE, "loading the model could not be measured", limit=limit),)
        sentence = f"the model loads in {number(seconds, limit)} s; demanded: at most {number(limit, seconds)} s"
        return (self.result(outcome, sentence, estimate=point_estimate(seconds, 0), limit=limit, bound="at most"),)


class PredictionMemory(Rule):
    """Loading the model and predicting takes at most `max_mb` megabytes (of 1,000,000 bytes) in a clean process, beyond
    what the process has with its libraries alone."""

    rule: Literal["prediction_memory"]
    max_mb: Positive

    def judge(self, measures: MetricsContext) -> tuple[RuleResult, ...]:
        found, limit = measures.facts.memory_bytes, self.max_mb
        if found is None or found < 0:
            return (
                self.result(RuleOutcome.INCONCLUSIVE, "the memory of a prediction could not be measured", limit=limit),
            )
        memory = point_estimate(found / BYTES_PER_MB, 0)
        sentence = f"loading and predicting takes {number(memory.value, limit)} MB; demanded: at most {number(limit)}"
        return (self.result(at_most(memory, limit), sentence, estimate=memory, limit=limit, bound="at most"),)
