"""The parts of `gate.yaml` about what people may do against a verdict, and about what follows a promotion."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from gatehouse.core.config.base import SpanText, Spec


class OverridePolicy(Spec):
    """How long an approver's override serves before the last properly promoted champion returns, and whether a second
    approver (neither the first nor who asked for the training) has to confirm it."""

    expires_after: SpanText = "14 days"
    require_second_approver: bool = False


class ProbationPolicy(Spec):
    """A new champion is compared with the former one on the first `batches` batches that it scores, once their outcomes
    have matured; worse by more than `margin` (units of the policy's metric), with the whole interval, it is rolled back."""

    batches: Annotated[int, Field(ge=1, le=100)]
    margin: Annotated[float, Field(ge=0)] = 0.0
