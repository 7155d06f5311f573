"""What a person may ask of one training besides the use case's own files: a window, and which estimators.

A wish is part of the person's reason in the retrain request, so it is on record with it, and applies to that request
only. Where several people joined one request, the last word about each counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from gatehouse.core.config.retrain import Window
from gatehouse.errors import InvalidInputError

if TYPE_CHECKING:
    from gatehouse.core.types import Request

WINDOWS = {
    "expanding": "every matured batch",
    "rolling": "the newest batches, as many as given",
    "same_season": "this time of the year in every year, and the newest",
    "since_change": "since the newest detected change",
    "best_of": "the best of these on the newest training batch",
    "best": "what predicted the newest batches best, by the refit check",
}


def manual_options(
    window: str | None, batches: int | None, estimators: Sequence[str], known: Sequence[str]
) -> dict[str, Any]:
    """What goes on record of a form's window, number of batches and estimators; empty when all are the use case's own.

    InvalidInputError for a window that does not exist or lacks its number, for a number without such a window, and for an
    estimator that `model.py` does not have.
    """
    if batches is not None and not window:
        raise InvalidInputError(
            "a number of batches was given and no window", found=str(batches), allowed="window rolling"
        )
    found: dict[str, Any] = {}
    if window:
        found["window"] = _window(window, batches)
    unknown = [name for name in estimators if name not in known]
    if unknown:
        raise InvalidInputError("no such estimator in model.py", found=", ".join(unknown), allowed=", ".join(known))
    chosen = [name for name in known if name in estimators]
    if chosen and chosen != list(known):
        found["estimators"] = chosen
    return found


def _window(kind: str, batches: int | None) -> dict[str, Any]:
    if kind not in WINDOWS:
        raise InvalidInputError("no such window", found=repr(kind), allowed=", ".join(WINDOWS))
    try:
        wanted = Window(kind=kind, batches=batches)  # type: ignore[arg-type]
    except ValidationError as error:
        said = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise InvalidInputError(
            f"window {kind}: {said}", found=f"batches {batches}", allowed="a whole number of 1 or more"
        ) from error
    return wanted.model_dump(include={"kind", "batches"}, exclude_none=True)


def requested_window(request: Request, own: Window) -> Window:
    """The window of a request: the last one that a person asked for, else the policy's own."""
    asked = _last(request, "window")
    return own if asked is None else Window.model_validate(asked)


def requested_estimators(request: Request, own: Sequence[str]) -> list[str]:
    """The candidates of a request, of the use case's own by name."""
    asked = _last(request, "estimators")
    return list(own) if asked is None else [name for name in own if name in asked]


def requested_by(request: Request) -> str:
    """Whose the window is; empty when it is the policy's."""
    return next((str(numbers["actor"]) for numbers in _by_people(request) if "window" in numbers), "")


def _last(request: Request, name: str) -> Any:
    return next((numbers[name] for numbers in _by_people(request) if name in numbers), None)


def _by_people(request: Request) -> list[Mapping[str, Any]]:
    """What people added to their reasons, the newest first."""
    return [reason.numbers for reason in reversed(request.reasons) if reason.kind == "person"]
