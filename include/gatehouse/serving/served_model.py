"""A champion that is open, has predicted once, and answers until another one takes its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gatehouse.context import UseCaseContext
from gatehouse.core.rows.row_keys import row_keys
from gatehouse.core.types import Champion
from gatehouse.pipeline.batch_data.row_keys import newest_revisions
from gatehouse.pipeline.partitions.partition_features import columns_from_other_rows
from gatehouse.pipeline.score import made_by, open_champion, predict_rows
from gatehouse.serving.side_tables import SideTables, newest_side_tables
from gatehouse.use_case_code import features_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

TRIED_ROWS = 64  # of the newest accepted batch: they warm the model up and show what features() looks at


@dataclass(frozen=True)
class ServedModel:
    """The champion with its open estimator and the tables beside the main one.

    `from_other_rows` are the features of a row that `features()` makes out of the other rows of the main table: requests
    are answered one by one then, since a row of another request would change the answer.
    """

    champion: Champion
    estimator: Any
    sides: SideTables
    tried: pd.DataFrame
    from_other_rows: tuple[str, ...] = ()

    @property
    def made_by(self) -> dict[str, Any]:
        """Version, sha256 and generation."""
        return made_by(self.champion)


def open_served(ctx: UseCaseContext, champion: Champion) -> ServedModel:
    """Open the champion, and let it predict some rows that were accepted: what fails then has not been asked for."""
    estimator, sides, rows = open_champion(ctx, champion), newest_side_tables(ctx), _accepted_rows(ctx)
    if not len(rows):
        return ServedModel(champion, estimator, sides, rows)
    others = columns_from_other_rows(ctx, rows, sides.tables) if len(rows) > 1 else ()
    served = ServedModel(champion, estimator, sides, rows, tuple(others))
    warm_up(ctx, served)
    return served


def warm_up(ctx: UseCaseContext, served: ServedModel) -> None:
    """Predict the rows that the model was tried with; ModelError when it cannot."""
    predict(ctx, served, served.tried, served.sides.tables)


def predict(
    ctx: UseCaseContext, served: ServedModel, rows: pd.DataFrame, sides: Mapping[str, pd.DataFrame]
) -> pd.DataFrame:
    """Keys and predictions of these rows of the main table, which keep the contract."""
    contract = ctx.case.contract
    tables = {name: rows if name == contract.main else sides[name] for name in contract.tables}
    keys = row_keys(rows, contract.tables[contract.main].key, contract.normalise_keys)
    found: pd.DataFrame = predict_rows(ctx, served.champion, served.estimator, keys, features_of(ctx.case, tables))
    return found


def _accepted_rows(ctx: UseCaseContext) -> pd.DataFrame:
    import pandas as pd

    accepted = newest_revisions(ctx.ledger.batches.list(ctx.name))
    file = accepted[-1].tables[ctx.case.contract.main].accepted if accepted else None
    if file is None or not file.rows:
        return pd.DataFrame()
    return ctx.lake.frame(file, rows=range(min(file.rows, TRIED_ROWS))).reset_index(drop=True)
