"""The profile that is stored with a batch."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from gatehouse.core.profiling import profile_of
from gatehouse.core.profiling.batch_profile import BatchProfile, merged, on_grid
from gatehouse.errors import SchemaMismatchError


def table(seed: int, rows: int = 500) -> pd.DataFrame:
    """A measure, a code, a moment, and a name for each row."""
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "size": random.normal(size=rows),
            "code": random.choice(["a", "b"], rows),
            "at": pd.Timestamp("2024-03-01", tz="UTC") + pd.to_timedelta(random.integers(0, 700, rows), unit="h"),
            "id": [f"{seed}-{row}" for row in range(rows)],
        }
    )


def test_the_first_batch_gives_the_grid_and_names_of_rows_are_left_out() -> None:
    """Later batches lie on it, so all merge; a column that names rows has no distribution."""
    first = on_grid(table(0), None)
    second = on_grid(table(1), first)
    assert list(first.columns) == ["size", "code", "at.hour", "at.weekday"]
    whole = merged([first, second], "size")
    assert whole is not None
    assert whole.columns["size"].rows == 1000


def test_a_new_column_begins_its_own_grid_and_a_changed_type_is_left_out() -> None:
    """What the schema's owner changed is the contract's to judge; the other columns are profiled as before."""
    first = on_grid(table(0), None)
    later = on_grid(table(1).assign(size="large", extra=1.0), first)
    assert list(later.columns) == ["code", "at.hour", "at.weekday", "extra"]
    assert merged([first, later], "extra") is not None
    assert merged([first, later], "gone") is None


def test_a_stored_profile_is_the_one_that_was_made() -> None:
    """Also through Python's own JSON, with NaN for the extremes of an empty column; another version is refused."""
    made = BatchProfile({"rows": on_grid(table(0).assign(none=np.nan), None)}, profile_of(table(0)[["size"]]))
    text = json.dumps(made.to_document())
    again = BatchProfile.from_document(json.loads(text))
    assert json.dumps(again.to_document()) == text
    assert BatchProfile.from_document({**made.to_document(), "features": None}).features is None
    with pytest.raises(SchemaMismatchError, match="unknown version"):
        BatchProfile.from_document({"version": 9})


def test_a_profile_of_before_samples_were_kept_is_read_without() -> None:
    """What the ledger holds of earlier releases stays readable."""
    document = BatchProfile({"rows": on_grid(table(0), None)}).to_document()
    del document["samples"]
    assert BatchProfile.from_document(document).samples == {}
