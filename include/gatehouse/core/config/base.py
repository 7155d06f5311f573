"""What all three files share: unknown keys are errors, values are not coerced, models are frozen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from gatehouse.core.config.renamed_keys import NO_RENAMED_KEYS, RenamedKeys
from gatehouse.core.contract.batch_calendar import Span
from gatehouse.errors import ConfigurationError


class Spec(BaseModel):
    """A part of a file of a use case."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, validate_default=True)
    renamed_keys: ClassVar[RenamedKeys] = NO_RENAMED_KEYS


LONGEST = timedelta(days=3660)
_START = datetime(2000, 1, 1, tzinfo=UTC)


def _span(text: str) -> str:
    try:
        end = Span.parse(text).after(_START)
    except ConfigurationError as error:
        raise ValueError(str(error)) from None
    except (OverflowError, ValueError):  # beyond the calendar
        end = None
    if end is None or end - _START > LONGEST:
        raise ValueError(f"a span is at most ten years; found {text!r}")
    return text


Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Positive = Annotated[int, Field(ge=1)]
SpanText = Annotated[str, AfterValidator(_span), Field(json_schema_extra={"format": "span"})]
