"""By which keyword an estimator takes the weights of its rows: `sample_weight`, or `step__sample_weight` of a pipeline."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gatehouse.errors import ModelError
from gatehouse.user_code import DATA_SCIENTIST

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KEYWORD = "sample_weight"


def weight_arguments(name: str, estimator: Any, weights: NDArray[np.float64] | None) -> dict[str, Any]:
    """The arguments of `fit` that carry the weights; none without weights. ModelError where they would reach no estimator."""
    if weights is None:
        return {}
    keyword = weight_keyword(estimator)
    if keyword is None:
        raise ModelError(
            f"estimator {name!r} cannot be fitted with weights: its fit() takes no {KEYWORD}",
            found=type(estimator[-1] if hasattr(estimator, "steps") else estimator).__name__,
            allowed="an estimator whose fit() takes sample_weight; a pipeline whose last step does; a search over one of these",
            owner=DATA_SCIENTIST,
        )
    if not (weights > 0).any():
        raise ModelError(f"estimator {name!r}: weights() gives every training row the weight 0", owner=DATA_SCIENTIST)
    return {keyword: weights}


def weight_keyword(estimator: Any) -> str | None:
    """The keyword, of a pipeline that of its last step; None where the estimator, or one within it, takes no weights."""
    if hasattr(estimator, "steps"):
        step, last = estimator.steps[-1]
        inner = weight_keyword(last)
        return f"{step}__{inner}" if inner else None
    taken = _parameters(estimator)
    within = {weight_keyword(each) for each in _estimators_within(estimator)}
    if KEYWORD in taken:
        return KEYWORD if within <= {KEYWORD} else None
    passes_on = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in taken.values())
    if not passes_on or len(within) != 1:
        return None
    keyword = within.pop()
    several = bool(getattr(estimator, "estimators", None))  # these hand on `sample_weight` and no other keyword
    return keyword if keyword == KEYWORD or not several else None


def _parameters(estimator: Any) -> dict[str, inspect.Parameter]:
    try:
        return dict(inspect.signature(estimator.fit).parameters)
    except (AttributeError, TypeError, ValueError):
        return {}


def _estimators_within(estimator: Any) -> Iterator[Any]:
    """The estimators that a composed one fits: one, or several by name."""
    one = [getattr(estimator, name, None) for name in ("estimator", "regressor", "final_estimator")]
    several = [each for _, each in getattr(estimator, "estimators", None) or ()]
    yield from (each for each in (*one, *several) if hasattr(each, "fit") and not isinstance(each, type))
