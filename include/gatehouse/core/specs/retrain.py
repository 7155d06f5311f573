"""`retrain.yaml`, the data scientist's file: when to retrain, on which rows, and how much of it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from gatehouse.core.specs.base import SpanText, Spec

Positive = Annotated[int, Field(ge=1)]
Distance = Literal["psi", "js", "ks", "wasserstein"]


class Window(Spec):
    """Which matured batches train: all of them (`expanding`) or the newest `batches` (`rolling`)."""

    kind: Literal["expanding", "rolling"] = "expanding"
    batches: Positive | None = None

    @model_validator(mode="after")
    def _rolling_has_a_length(self) -> Window:
        if (self.kind == "rolling") != (self.batches is not None):
            raise ValueError("a rolling window needs `batches`, an expanding one has none")
        return self


class Holdout(Spec):
    """How many of the newest matured batches are kept from training for the gate."""

    batches: Positive = 1


class DriftReason(Spec):
    """Distance from the champion's reference per column; `request: false` reports it and asks for nothing."""

    distance: Distance = "js"
    limit: Annotated[float, Field(gt=0)] = 0.1
    min_rows: Positive = 500
    columns: tuple[str, ...] = ()
    request: bool = False


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


class Reasons(Spec):
    """The reasons that open a request; a reason that is left out never does."""

    drift: DriftReason | None = None
    decay: DecayReason | None = None
    calibration: CalibrationReason | None = None
    schedule: Annotated[int, Field(ge=1, description="retrain every so many batches")] | None = None
    volume: Annotated[int, Field(ge=1, description="retrain after so many new matured rows")] | None = None


class Debounce(Spec):
    """A reason counts when it holds in the newest batch and in at least `at_least` of the last `of_last`."""

    at_least: Positive = 1
    of_last: Positive = 1

    @model_validator(mode="after")
    def _can_be_reached(self) -> Debounce:
        if self.at_least > self.of_last:
            raise ValueError(f"at_least {self.at_least} of the last {self.of_last} can never be reached")
        return self


class Budget(Spec):
    """At most so many trainings in so many batches."""

    trainings: Positive
    batches: Positive


class RetrainPolicy(Spec):
    """When to retrain. `first_after` is how many matured batches the very first training waits for."""

    task: Literal["classification", "regression"]
    first_after: Positive
    seed: int = 0
    window: Window = Window()
    holdout: Holdout = Holdout()
    reasons: Reasons
    debounce: Debounce = Debounce()
    cooldown: Annotated[int, Field(ge=0, description="batches after a training in which no reason counts")] = 0
    budget: Budget | None = None
    min_maturity: Annotated[float, Field(ge=0, le=1)] = 0.9
    choose_by: str = Field(
        description="the metric by which the challenger is chosen, on a slice of the training window"
    )
    patience: SpanText = Field(default="6 hours", description="how long scoring waits for an open retrain request")
