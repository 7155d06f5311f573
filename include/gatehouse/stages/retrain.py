"""Retrain: a claimed request becomes a training set, fitted candidates and one registered challenger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from gatehouse.core.records import Batch, BatchId, Candidate, FileRef, ModelVersion, Request, TrainingSet
from gatehouse.core.canonical import digest
from gatehouse.core.split import split
from gatehouse.core.statistics.metrics import METRICS, evaluate
from gatehouse.errors import ModelError, NotEnoughData
from gatehouse.ports import Fit
from gatehouse.site import Site
from gatehouse.stages.rows import BATCH, KEY, LABEL, MARKS, TIME, batch_frame, newest_revisions, with_labels

if TYPE_CHECKING:
    import pandas as pd
