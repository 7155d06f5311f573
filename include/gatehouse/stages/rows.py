"""Row keys and joins that several stages share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gatehouse.core.records import Batch, BatchState, Outcomes
from gatehouse.errors import ModelError
from gatehouse.site import Site

if TYPE_CHECKING:
    import pandas as pd

KEY, BATCH, TIME, LABEL = "gh_key", "gh_batch", "gh_time", "gh_label"
MARKS = (KEY, BATCH, TIME, LABEL)


def newest_revisions(batches: Sequence[Batch]) -> list[Batch]:
    """The newest accepted revision of each batch, in the order of time."""
    newest = {
        batch.id.key: batch for batch in sorted(batches, key=lambda b: b.id) if batch.state is BatchState.ACCEPTED
    }
    return [newest[key] for key in sorted(newest)]


def row_keys(frame: pd.DataFrame, columns: tuple[str, ...]) -> pd.Series[str]:
    """One text a row out of its key columns; `|` separates them."""
    parts = [_text(frame[name]) for name in columns]
    joined = parts[0]
    for part in parts[1:]:
        joined = joined + "|" + part
    return joined.rename(KEY)


def _text(values: pd.Series[Any]) -> pd.Series[str]:
    """As `astype("str")` writes them; moments, which many rows share, once each: writing them is what takes its time."""
    import pandas as pd

    if not isinstance(values.dtype, pd.DatetimeTZDtype):
        return values.astype("str")
    codes, moments = pd.factorize(values, use_na_sentinel=False)
    return pd.Series(moments).astype("str").take(codes).set_axis(values.index)


def accepted_tables(site: Site, batch: Batch, names: Sequence[str] | None = None) -> dict[str, pd.DataFrame]:
    """The accepted rows of each table, or of some, of an accepted batch."""
    tables = {}
    for name in batch.tables if names is None else names:
        part = batch.tables[name]
        if part.accepted is None:
            raise ModelError(f"batch {batch.id} has no accepted rows of table {name!r}: it is {batch.state}")
        tables[name] = site.lake.frame(part.accepted)
    return tables


def features_of(site: Site, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The use case's features, one row per row of its main table; ModelError when its code breaks that promise."""
    rows = len(tables[site.case.contract.main])
    where = site.case.folder / "model.py"
    try:
        features = site.case.model.features(tables)
    except Exception as error:
        raise ModelError(
            f"{where}: features() raised {type(error).__name__}: {error}; the data scientist's to change"
        ) from error
    if len(features) != rows:
        raise ModelError(f"{where}: features() returned {len(features)} rows for {rows} rows of the main table")
    return features.reset_index(drop=True)


def batch_frame(site: Site, batch: Batch) -> pd.DataFrame:
    """Features of an accepted batch with the row's key, batch and time in front (columns `gh_*`)."""
    parts = tuple(sorted(part.accepted.sha256 for part in batch.tables.values() if part.accepted))
    frame: pd.DataFrame = site.remembered(("batch_frame", batch.id, parts), lambda: _batch_frame(site, batch))
    return frame


def _batch_frame(site: Site, batch: Batch) -> pd.DataFrame:
    import pandas as pd

    tables = accepted_tables(site, batch)
    spec = site.case.contract.tables[site.case.contract.main]
    main = tables[site.case.contract.main].reset_index(drop=True)
    time = main[spec.time_column] if spec.time_column else pd.Series([batch.interval.start] * len(main))
    marks = {KEY: row_keys(main, spec.key), BATCH: str(batch.id), TIME: pd.to_datetime(time, utc=True)}
    return pd.concat([pd.DataFrame(marks), features_of(site, tables)], axis=1)


def with_labels(site: Site, frame: pd.DataFrame, outcomes: Outcomes | None) -> pd.DataFrame:
    """The frame of `batch_frame` with the label column; NaN where the outcome has not arrived."""
    import numpy as np

    if outcomes is None:
        return frame.assign(**{LABEL: np.nan})
    labels = site.remembered(("labels", outcomes.batch.use_case, outcomes.file.sha256), lambda: _labels(site, outcomes))
    return frame.assign(**{LABEL: frame[KEY].map(labels)})


def _labels(site: Site, outcomes: Outcomes) -> pd.Series[float]:
    """The labels by row key."""
    delivered = site.lake.frame(outcomes.file)
    try:
        target = site.case.model.target(delivered)
    except Exception as error:
        where = site.case.folder / "model.py"
        raise ModelError(
            f"{where}: target() raised {type(error).__name__}: {error}; the data scientist's to change"
        ) from error
    labels = target.astype("float64").set_axis(row_keys(delivered, site.case.contract.outcomes.key))
    return labels[~labels.index.duplicated()]
