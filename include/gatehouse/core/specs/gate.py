"""`gate.yaml`, the risk owner's file: what a challenger must satisfy, who may approve, what happens with no answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, get_args

from pydantic import Field, model_validator

from gatehouse.core.canonical import canonical, sha256
from gatehouse.core.rules.base import MetricName, Rule
from gatehouse.core.rules.bounds import Calibration, MetricBound
from gatehouse.core.rules.champion import BetterThanChampion, NotWorseThanChampion, SuspiciouslyGood
from gatehouse.core.rules.data import DataValidated, EnoughRows, TrainingIsFresh
from gatehouse.core.rules.service import LoadsCleanly, ModelSize, PredictionSpeed
from gatehouse.core.rules.slices import SliceFloor
from gatehouse.core.specs.base import Name, SpanText, Spec
from gatehouse.core.statistics.metrics import metrics_for
from gatehouse.errors import ConfigurationError

if TYPE_CHECKING:
    from gatehouse.core.evidence import Task

AnyRule = Annotated[
    BetterThanChampion
    | Calibration
    | DataValidated
    | EnoughRows
    | LoadsCleanly
    | MetricBound
    | ModelSize
    | NotWorseThanChampion
    | PredictionSpeed
    | SliceFloor
    | SuspiciouslyGood
    | TrainingIsFresh,
    Field(discriminator="rule"),
]
# The registry: the name that `rule:` takes -> the rule. What a message lists as allowed comes from here.
RULES: dict[str, type[Rule]] = {
    get_args(kind.model_fields["rule"].annotation)[0]: kind for kind in get_args(get_args(AnyRule)[0])
}


class Review(Spec):
    """Who answers a REVIEW (their names in Airflow), and how long it waits. No answer never promotes."""

    approvers: Annotated[tuple[str, ...], Field(min_length=1)]
    timeout: SpanText
    no_answer: Literal["reject"] = "reject"


class GatePolicy(Spec):
    """The policy: ordered rules, and how sure comparisons must be.

    Intervals have `confidence` (both sides together) from `resamples` draws of whole blocks of time `block`, whose days
    begin at `day_starts` (UTC); with fewer than `min_rows` rows or `min_blocks` blocks nothing is compared.
    `first_model` is what happens without a champion.
    """

    use_case: Name | None = None
    metric: MetricName
    first_model: Literal["promote", "review", "block"]
    review: Review
    block: SpanText = "1 day"
    day_starts: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "00:00"
    confidence: Annotated[float, Field(ge=0.5, le=0.999)] = 0.95
    resamples: Annotated[int, Field(ge=200, le=100_000)] = 2000
    min_rows: Annotated[int, Field(ge=1)] = 500
    min_blocks: Annotated[int, Field(ge=5)] = 10
    rules: tuple[AnyRule, ...]

    @model_validator(mode="after")
    def _enforces_something(self) -> GatePolicy:
        if not any(rule.mode == "enforce" and rule.on_fail != "warn" for rule in self.rules):
            raise ValueError("at least one rule must be enforced, with on_fail block or review")
        return self

    @property
    def text(self) -> str:
        """The policy as canonical JSON, defaults included: `GatePolicy.model_validate_json` reads it back."""
        return canonical(self.model_dump(mode="json"))

    @property
    def hash(self) -> str:
        """The version of the policy: the hash of its canonical JSON."""
        return sha256(self.text)


def check_policy(policy: GatePolicy, task: Task) -> None:
    """Refuse a metric that is not defined for the task; the ConfigurationError names rule, found and allowed."""
    asked = [("metric", policy.metric)]
    asked += [
        (f"rules.{position} ({rule.rule})", metric)
        for position, rule in enumerate(policy.rules)
        for metric in rule.metrics()
    ]
    for key, metric in asked:
        if metric not in metrics_for(task):
            raise ConfigurationError(
                f"the metric is not defined for {task}",
                where=f"gate.yaml: {key}",
                found=repr(metric),
                allowed=", ".join(metrics_for(task)),
                owner="risk owner",
            )
