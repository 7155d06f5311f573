"""Settings of a use case that fit together in no night, though each of them is allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatehouse.check.problem import Problems

if TYPE_CHECKING:
    from gatehouse.use_case import UseCase


def retrain_hints(case: UseCase, problems: Problems) -> None:
    """Tell of a first training that has nothing to train on, and of comparisons that always wait for more batches."""
    needed = case.retrain.holdout.batches + 1
    if case.retrain.min_batches_first_training < needed:
        what = "the first training has too few batches: it fails, and is asked for again"
        first = f"min_batches_first_training: {case.retrain.min_batches_first_training}"
        found = f"{first}, holdout.batches: {case.retrain.holdout.batches}"
        problems.report(
            "retrain",
            what,
            found,
            f"min_batches_first_training of at least {needed}",
            "retrain.yaml: min_batches_first_training",
        )
    main = case.contract.tables[case.contract.main]
    blocks = case.retrain.holdout.batches
    if main.time_column is None and case.gate.block_column is None and blocks < case.gate.min_blocks:
        problems.hint(
            "contract",
            "no time_column is declared: all rows of a batch have one time, and are one block of a comparison. A challenger "
            "is compared with the champion when enough batches have matured",
            f"{blocks} held-out batches",
            f"min_blocks {case.gate.min_blocks} of gate.yaml; a time_column, or block: a column of SLICES, needs fewer",
        )
