"""Fitting on a Dask cluster through joblib's own backend: the whole fit of a candidate, and within it whatever scikit-learn
runs in parallel (trees, folds, parameters), goes to the workers.

The numbers do not depend on where a fit runs: seeds are drawn before the work is handed out, so the model's bytes are the
same with and without a cluster. The cluster runs our code and answers with pickles: it is trusted like the task itself
(docs/reference/security.md), so its address is the installation's, never a use case's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gatehouse.errors import ServiceUnavailableError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

SECONDS = 20  # to reach the scheduler


def fit(
    address: str,
    estimator: Any,
    features: pd.DataFrame,
    labels: NDArray[np.float64],
    arguments: Mapping[str, Any],
) -> Any:
    """The fitted estimator, `arguments` being further ones of its fit; without an address in this process.
    ServiceUnavailableError when the cluster does not answer or is lost on the way; what the estimator raises is raised
    here."""
    if not address:
        return estimator.fit(features, labels, **arguments)
    import joblib
    from distributed import Client
    from distributed.comm.core import CommClosedError
    from distributed.scheduler import KilledWorker

    try:
        client = Client(  # type: ignore[no-untyped-call]
            address, timeout=SECONDS, set_as_default=False, name="gatehouse"
        )
    except (OSError, ValueError) as error:
        raise ServiceUnavailableError(
            f"the Dask scheduler at {address} (GATEHOUSE_DASK_ADDRESS) does not answer: {error}"
        ) from error
    with client, joblib.parallel_config("dask", client=client, n_jobs=-1):
        try:
            [fitted] = joblib.Parallel()([joblib.delayed(_fitted)(estimator, features, labels, arguments)])
        except (CommClosedError, KilledWorker) as error:
            raise ServiceUnavailableError(f"the Dask cluster at {address} was lost in a fit: {error}") from error
    return fitted


def _fitted(estimator: Any, features: Any, labels: Any, arguments: Mapping[str, Any]) -> Any:
    return estimator.fit(features, labels, **arguments)
