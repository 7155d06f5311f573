"""Which of the built-in use cases may be divided: their features say it."""

from __future__ import annotations

import pytest

from gatehouse.bootstrap import InstalledContext
from gatehouse.errors import ConfigurationError
from gatehouse.pipeline.partitions.partition_features import features_of_part
from gatehouse.settings import ROOT, Settings
from gatehouse.use_case import load
from support.usecase_folders import tables


def features(name: str, key: str):
    """The features of two thousand rows in the middle of a batch, as a partition makes them."""
    ctx = InstalledContext(load(ROOT / "include" / "usecases" / name), Settings(ROOT, "", "", "", ()))
    frames = dict(tables(name, key))
    main = frames.pop(ctx.case.contract.main)
    return features_of_part(ctx, main.iloc[1000:3000].reset_index(drop=True), frames)


def test_a_use_case_whose_features_count_other_rows_does_not_divide():
    """`departures` and `arrivals` count the other flights of the hour: the error names them; air times look at their own
    flight and its weather only."""
    with pytest.raises(ConfigurationError, match="makes departures, departures_before, arrivals of a row out of other"):
        features("flight_delays", "2013-01")
    assert len(features("air_time", "2013-W10")) == 2000
