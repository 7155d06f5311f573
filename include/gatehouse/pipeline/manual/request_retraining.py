"""Ask: a person's request to retrain, with the window and the candidates that they want for it."""

from __future__ import annotations

from collections.abc import Sequence

from gatehouse.context import UseCaseContext
from gatehouse.core.permissions import Act, require_may
from gatehouse.core.retraining.manual_options import manual_options
from gatehouse.core.types import Request
from gatehouse.errors import NotEnoughDataError
from gatehouse.pipeline.batch_data.row_keys import newest_revisions
from gatehouse.pipeline.fit import candidate_names


def request_retraining(
    ctx: UseCaseContext,
    actor: str,
    reason: str,
    window: str | None = None,
    batches: int | None = None,
    estimators: Sequence[str] = (),
) -> Request:
    """Open a request as of the newest accepted batch, or join the one that is open.

    `window` (with `batches` where it needs them) and `estimators` apply to this request only and are recorded with it.
    InvalidInputError when they cannot be had; NotAllowedError when the request to join is being trained already: its
    rows are chosen.
    """
    require_may(Act.RETRAIN, actor, ctx.case.gate)
    wanted = (
        manual_options(window, batches, estimators, candidate_names(ctx)) if window or batches or estimators else {}
    )
    accepted = newest_revisions(ctx.ledger.batches.list(ctx.name))
    if not accepted:
        raise NotEnoughDataError(
            f"{ctx.name} has no accepted batch to train on yet; found 0, needed {ctx.case.retrain.min_batches_first_training}"
        )
    return ctx.ledger.requests.ask(ctx.name, accepted[-1].interval.end, actor, reason, wanted)
