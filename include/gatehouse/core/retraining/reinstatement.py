"""When a former champion is best on the new rows, it is asked back: no training, the same gate, the same record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatehouse.core.retraining.refit_check import is_former
from gatehouse.core.types import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatehouse.core.retraining.refit_check import RefitFinding
    from gatehouse.core.types import Request

REINSTATE = "reinstate"
FIRST = "a former champion is reinstated first, which needs no training; it is asked again with the next batch"


def reinstated_version(request: Request) -> int | None:
    """The former champion that a request asks back; None where it asks for a training.

    The reason that opened the request decides. A window or estimators that a person adds make it a training: they can be
    added only before the request is claimed, so the answer never changes after that.
    """
    if not request.reasons or request.reasons[0].kind != REINSTATE:
        return None
    if any(reason.kind == "person" and {"window", "estimators"} & set(reason.numbers) for reason in request.reasons):
        return None
    return int(request.reasons[0].numbers["version"])


def reinstatement(refits: Sequence[RefitFinding], needed: float | None) -> Reason | None:
    """The reason to ask a former champion back: of all that are better, it gains most on the newest batch. Else None.

    An alternative counts when its gain is sure over the champion's life. While an alarm says that loss is lost, `needed` is
    the gain that repairs enough of it. Then the 95 % interval on the newest batch is enough.
    """
    better = [each for each in refits if each.found or (needed is not None and _repairs(each, needed))]
    best = max(better, key=lambda each: each.newest, default=None)
    if best is None or not is_former(best.alternative):
        return None
    version = int(best.alternative.split()[1])
    numbers = {"version": version, "gain": best.gain, "low": best.low, "high": best.high, "newest": best.newest}
    return Reason(REINSTATE, best.sentence, {**numbers, "batches": list(best.batches), "chance": best.chance})


def _repairs(finding: RefitFinding, needed: float) -> bool:
    low = 2 * finding.newest - finding.newest_high
    return finding.newest >= needed and low > 0
