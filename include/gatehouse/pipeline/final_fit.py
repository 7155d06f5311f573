"""The final fit (`final_fit` of gate.yaml): what serves is fitted again on all rows, including the held-out ones.

The gate judges the candidate's own file, the twin, on rows that it has not seen. A version's own file is what serves.
"""

from __future__ import annotations

from datetime import datetime

from gatehouse.context import UseCaseContext
from gatehouse.core.types import Candidate, FileRef, ModelVersion, TrainingSet
from gatehouse.pipeline.batch_data.labelled_rows import fit_on
from gatehouse.pipeline.gather import latest_interval_end
from gatehouse.pipeline.reinstate import origin
from gatehouse.stacked_tables import stacked


def served_model(
    ctx: UseCaseContext, training_set: TrainingSet, best: Candidate, twin: FileRef
) -> tuple[FileRef, datetime]:
    """The file that would serve when the gate passes its twin, and the end of the rows that it was fitted on.

    With a holdout of several batches there is no final fit: the next training would have to wait for as many newer ones.
    """
    if not ctx.case.gate.fits_on_all_rows or ctx.case.retrain.holdout.batches > 1:
        return twin, latest_interval_end(ctx, training_set.training_batches)
    rows = stacked([ctx.lake.frame(training_set.training), ctx.lake.frame(training_set.holdout)])
    fitted = fit_on(ctx, best.name, rows)
    until = latest_interval_end(ctx, (*training_set.training_batches, *training_set.holdout_batches))
    return ctx.lake.put(ctx.models.dump(fitted), "models", "skops"), until


def judged_file(ctx: UseCaseContext, model: ModelVersion) -> FileRef:
    """The file that the gate judges: the candidate's. It is the version's own where there was no final fit."""
    candidates = ctx.ledger.requests.candidates(model.request)
    return next((each.file for each in candidates if each.name == model.candidate and each.file), model.file)


def describe_final_fit(ctx: UseCaseContext, model: ModelVersion) -> str:
    """What a report says of a final fit; empty where there was none."""
    if origin(ctx, model) is not None or judged_file(ctx, model) == model.file:
        return ""
    return (
        "The gate judged a twin without the held-out rows. The version itself is fitted on all rows, including these."
    )
