"""`retrain.yaml`, the data scientist's file: when to retrain, on which rows, and how much of it."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from gatehouse.core.config.base import Positive, SpanText, Spec
from gatehouse.core.config.renamed_keys import RETRAIN, RenamedKeys
from gatehouse.core.config.triggers import Debounce, Triggers
from gatehouse.core.contract.batch_calendar import BatchKind
from gatehouse.core.gate.evidence import Task

WindowKind = Literal["expanding", "rolling", "same_season", "since_change", "best_of", "best"]
LADDER = (1, 2, 4, 8, 16, 32, 64)  # batches of the rolling windows that are compared: each twice the one before

LONGEST_CLASS = 40  # bytes of a class's name: profiles of columns keep as many
SEVERAL = ("best_of", "best")  # kinds that choose among others


class Window(Spec):
    """Which matured batches train.

    `expanding`: all of them. `rolling`: the newest `batches`. `same_season`: those within `days` of the coming batch's
    time of the year, in every year, and the newest `batches` (one, unless given). `since_change`: those since the newest
    change that is detected in the outcomes. `best_of`: whichever of `candidates` does best on the newest training batch,
    measured anew for each training. `best`: whichever has predicted the newest batches best by the record of the refit check
    (expanding, rolling over 1, 2, 4 and so on to 64 batches, since the change, unless `candidates` names others). Where a
    window finds nothing to choose from, it is the expanding one.
    """

    kind: WindowKind = "expanding"
    batches: Positive | None = None
    days: Annotated[int, Field(ge=1, le=182)] | None = None
    candidates: tuple[Window, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _by_its_name(cls, given: Any) -> Any:
        if isinstance(given, dict) and isinstance(given.get("candidates"), list):
            return {
                **given,
                "candidates": tuple(given["candidates"]),
            }  # what this returns is read as Python's, not JSON's
        return {"kind": given} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _says_what_it_needs(self) -> Window:
        if self.kind == "rolling" and self.batches is None:
            raise ValueError("a rolling window needs `batches`")
        if self.kind not in ("rolling", "same_season") and self.batches is not None:
            raise ValueError(f"`batches` is for rolling and same_season windows, {self.kind} has none")
        if self.kind != "same_season" and self.days is not None:
            raise ValueError(f"`days` is for same_season windows, {self.kind} has none")
        if self.kind not in SEVERAL and self.candidates:
            raise ValueError(f"`candidates` is for best and best_of windows, {self.kind} has none")
        if any(each.kind in SEVERAL for each in self.candidates):
            raise ValueError(f"a {self.kind} window cannot choose among best or best_of windows")
        return self

    @property
    def choices(self) -> tuple[Window, ...]:
        """The windows to choose among: itself, unless it is `best_of`."""
        if self.kind != "best_of":
            return (self,)
        return self.candidates or (
            Window(),
            Window(kind="rolling", batches=3),
            Window(kind="same_season"),
            Window(kind="since_change"),
        )

    def compared(self) -> tuple[Window, ...]:
        """The windows that the refit check fits: those to choose among, or the only one that a training would have."""
        if self.kind != "best" or self.candidates:
            return self.candidates or self.choices
        lengths = (Window(kind="rolling", batches=length) for length in LADDER)
        return (Window(), *lengths, Window(kind="since_change"))

    @property
    def name(self) -> str:
        """The window in a word or two: `rolling 3`."""
        return f"{self.kind} {self.batches}" if self.batches else self.kind


class HoldoutConfig(Spec):
    """How many of the newest matured batches are kept from training for the gate."""

    batches: Positive = 1


class Budget(Spec):
    """At most so many trainings in so many batches."""

    trainings: Positive
    batches: Positive


class CodeLimits(Spec):
    """What the use case's code may take in its own process. Beyond that it is ended, and the call is a named error."""

    call: Annotated[SpanText, Field(description="the longest time of any call but a fit")] = "1 hour"
    fit: Annotated[SpanText, Field(description="the longest time of fitting one estimator")] = "2 days"
    memory_gib: Annotated[
        float | None, Field(gt=0, description="the memory of the process; unless given, all that the machine has")
    ] = None


class RetrainPolicy(Spec):
    """When to retrain. `min_batches_first_training` is how many matured batches the very first training waits for."""

    renamed_keys: ClassVar[RenamedKeys] = RETRAIN

    task: Annotated[
        Task,
        Field(description="`classification` for two classes, `multiclass` for more, `regression` for a number"),
    ]
    classes: Annotated[
        tuple[str | int, ...],
        Field(
            max_length=100,
            description="every class, as target() names it. Of `multiclass` a new one is added at the end; of "
            "`classification` the second one is that whose probability is predicted",
        ),
    ] = ()
    min_batches_first_training: Positive
    seed: int = 0
    window: Window = Window(kind="best")
    holdout: HoldoutConfig = HoldoutConfig()
    triggers: Triggers
    debounce: Debounce = Debounce()
    cooldown_batches: Annotated[
        int, Field(ge=0, description="batches after a training in which alarms do not count")
    ] = 0
    budget: Budget | None = None
    request_expires_after_batches: Annotated[
        int, Field(ge=1, description="an open request that no run has claimed for so many batches expires")
    ] = 3
    min_maturity: Annotated[float, Field(ge=0, le=1)] = 0.9
    performance_window_batches: Annotated[
        int | None,
        Field(ge=1, description="matured batches that quality is measured over; unless given fourteen days or a month"),
    ] = None
    selection_metric: str = Field(
        description="the metric by which the challenger is chosen, on a slice of the training window"
    )
    max_scoring_wait: SpanText = Field(
        default="6 hours", description="how long scoring waits for an open retrain request"
    )
    limits: CodeLimits = CodeLimits()

    @field_validator("classes", mode="before")
    @classmethod
    def _are_no_truths(cls, given: Any) -> Any:
        if isinstance(given, (list, tuple)) and any(isinstance(each, bool) for each in given):
            raise ValueError("YAML reads yes, no, true and false as truths: write the names of classes in quotes")
        return tuple(given) if isinstance(given, list) else given  # what this returns is read as Python's, not JSON's

    @model_validator(mode="after")
    def _has_its_classes(self) -> RetrainPolicy:
        if self.task == "regression" and self.classes:
            raise ValueError("`classes` is for classes, a regression has none")
        if self.task == "classification" and len(self.classes) not in (0, 2):
            raise ValueError("task: classification has two `classes`, or none where target() returns 0 and 1")
        if self.task == "multiclass" and len(self.classes) < 3:
            raise ValueError("task: multiclass needs `classes` with three or more names; two are task: classification")
        if len(set(self.label_names)) < len(self.classes):
            raise ValueError("`classes` names a class twice")
        long = [name for name in self.label_names if not 0 < len(name.encode()) <= LONGEST_CLASS]
        if long:
            raise ValueError(f"the name of a class has 1 to {LONGEST_CLASS} bytes; found {long[0]!r}")
        return self

    @property
    def class_names(self) -> tuple[str, ...]:
        """More than two classes by their names, in their order; none for a number or two classes."""
        return self.label_names if self.task == "multiclass" else ()

    @property
    def label_names(self) -> tuple[str, ...]:
        """What target() returns, in the order of the numbers that stand for it; none where it returns numbers."""
        return tuple(str(name) for name in self.classes)

    def measured_together(self, batch: BatchKind) -> int:
        """How many of the newest matured batches quality is measured over: intervals resample days, and need some."""
        return self.performance_window_batches or {"hour": 336, "day": 14, "week": 2}.get(batch, 1)
