"""`triggers` and `debounce` of `retrain.yaml`: the reasons to retrain, and when one counts."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from gatehouse.core.config.base import Positive, SpanText, Spec

Distance = Literal["psi", "js", "ks", "wasserstein"]


class ReferenceGroup(Spec):
    """Columns that are compared with earlier accepted batches instead of the champion's training rows: those of the
    `same season` of earlier years (the two batches around it included), or the newest 24 (`recent`). Where there are too few,
    the champion's reference stays."""

    columns: Annotated[tuple[str, ...], Field(min_length=1)]
    reference: Literal["same season", "recent"]


class DriftReason(Spec):
    """Distance from the champion's reference per column; `trigger_retraining: false` reports it and asks for nothing.

    `false_alarms` is the share of quiet batches in which any column may be called changed. Where the reference has too
    few batches to calibrate on, `effect_size_limit` is the threshold. A change is an alarm when its estimated effect on
    the metric reaches `min_impact` (unless given: decay's margin, or .01); all others are told and page nobody. Fewer
    than `min_rows` rows are never judged: unless given 50 where the limit is calibrated, which counts their noise, and
    500 elsewhere.
    """

    distance: Distance = "js"
    effect_size_limit: Annotated[float, Field(gt=0)] = 0.1
    min_rows: Positive | None = None
    columns: tuple[str, ...] = ()
    trigger_retraining: bool = False
    false_alarms: Annotated[float, Field(gt=0, le=0.5)] = 0.01
    min_impact: Annotated[float, Field(ge=0)] | None = None
    references: tuple[ReferenceGroup, ...] = ()
    joint_drift: Annotated[bool, Field(description="whether columns that go together differently are looked for")] = (
        True
    )

    def least_rows(self, calibrated: bool) -> int:
        """From how many rows on a column is judged."""
        return self.min_rows or (50 if calibrated else 500)


class DecayReason(Spec):
    """The champion's metric on matured outcomes is worse than on its own holdout by more than `margin`,
    with the whole block-resampled interval on the wrong side."""

    metric: str
    margin: Annotated[float, Field(ge=0)]
    min_rows: Positive = 500


class CalibrationReason(Spec):
    """|mean prediction - mean outcome| exceeds `gap` (in units of the label)."""

    gap: Annotated[float, Field(gt=0)]
    min_rows: Positive = 500


class CostReason(Spec):
    """Cost-aware retraining: decay, calibration and drift ask for a training only when it pays.

    Staying stale costs `loss_value_per_1000_rows` for each unit of the metric's loss that a new model is expected to win back, on
    1,000 rows, over the `horizon` batches it would serve; a training costs `training` and, where a person has to look at
    it, `review`. All are in one currency of your own. Source: Mahadevan and Mathioudakis, arXiv 2310.04216 (CARA).
    """

    loss_value_per_1000_rows: Annotated[float, Field(gt=0)]
    training: Annotated[float, Field(ge=0)]
    review: Annotated[float, Field(ge=0)] = 0.0
    horizon: Positive = 3
    min_rows: Positive = 500


class RefitReason(Spec):
    """A refit on earlier rows, or a former champion, is surely better on newly matured batches (docs/reference/retraining.md).

    `error` is the chance, over a champion's whole life, to ask for a gain that is none; a gain asks from `min_gain` of the
    champion's loss on. `refit: false` turns the check off.
    """

    error: Annotated[float, Field(gt=0, le=0.5)] = 0.05
    min_gain: Annotated[float, Field(ge=0)] = 0.01


class Triggers(Spec):
    """The reasons that open a request; a reason that is left out never does. With `cost`, what the alarms ask for is
    held back until staying stale costs more than training."""

    drift: DriftReason | None = None
    decay: DecayReason | None = None
    calibration: CalibrationReason | None = None
    cost: CostReason | None = None
    refit: RefitReason | None = RefitReason()
    every_batches: Annotated[int, Field(ge=1, description="retrain every so many batches")] | None = None
    max_age: (
        Annotated[SpanText, Field(description="retrain when the newest training looked back from so long ago")] | None
    ) = None
    min_new_rows: Annotated[int, Field(ge=1, description="retrain after so many new matured rows")] | None = None
    follow_up: Annotated[
        bool,
        Field(description="retrain once more when the batch that raised an alarm, held out then, can be learned from"),
    ] = True

    @field_validator("refit", mode="before")
    @classmethod
    def _on_or_off(cls, given: Any) -> Any:
        return {True: {}, False: None}.get(given, given) if isinstance(given, bool) else given


class Debounce(Spec):
    """A reason counts when it holds in the newest batch and in at least `min_alarms` of the last `window`."""

    min_alarms: Positive = 1
    window: Positive = 1

    @model_validator(mode="after")
    def _can_be_reached(self) -> Debounce:
        if self.min_alarms > self.window:
            raise ValueError(f"min_alarms {self.min_alarms} of a window of {self.window} can never be reached")
        return self
