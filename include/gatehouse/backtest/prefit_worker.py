"""One fit of a what-if, and the process that makes such fits behind the replay, on what that leaves of the cores."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gatehouse.adapters.models import SkopsModels
from gatehouse.errors import ModelError
from gatehouse.model_code import estimators_of, load_model_code
from gatehouse.pipeline.batch_data.labelled_rows import labels_in, weights_in
from gatehouse.pipeline.score import model_inputs

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    import pandas as pd

LOWEST_PRIORITY = 19


def fit_what_if(code: Path, seed: int, name: str, rows: pd.DataFrame) -> Any:
    """One estimator of a `model.py`, fitted on labelled rows; None when it cannot be fitted (no rows, one class only)."""
    if rows.empty:
        return None
    try:
        estimator = estimators_of(load_model_code(code), code, seed)[name]
        return SkopsModels().fit(name, estimator, model_inputs(rows), labels_in(rows), weights_in(rows))
    except ModelError:
        return None


def run_worker(asked: Connection, nice: int) -> None:
    """Fit what is asked for, at that priority or the lower one that this process has already, until nobody asks any
    more; an interrupt is for the one who asks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.setpriority(os.PRIO_PROCESS, 0, max(nice, os.getpriority(os.PRIO_PROCESS, 0)))
    while True:
        try:
            asked.send(fit_what_if(*asked.recv()))
        except (EOFError, OSError):
            return
