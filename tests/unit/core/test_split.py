"""Which matured batches train and which are held out."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gatehouse.core.config.retrain import RetrainPolicy, Window
from gatehouse.core.contract.batch_calendar import Interval, batch_interval
from gatehouse.core.retraining.holdout_split import MaturedBatch, Split, split
from gatehouse.core.types import BatchId
from gatehouse.errors import NotEnoughDataError


def policy(holdout: int = 1, rolling: int | None = None) -> RetrainPolicy:
    """A policy with this holdout and window."""
    window = {"kind": "rolling", "batches": rolling} if rolling else {}
    keys = {"task": "classification", "min_batches_first_training": 1, "selection_metric": "log_loss", "triggers": {}}
    return RetrainPolicy.model_validate({**keys, "holdout": {"batches": holdout}, "window": window})


def month(number: int, revision: int = 1, rows: int = 100) -> MaturedBatch:
    """A matured monthly batch; months count on beyond December."""
    key = f"{2013 + (number - 1) // 12}-{(number - 1) % 12 + 1:02}"
    return MaturedBatch(BatchId("flights", key, revision), rows, batch_interval("month", key))


def keys(found: Split) -> tuple[list[str], list[str]]:
    """The keys that train and those held out."""
    return [each.key for each in found.training], [each.key for each in found.holdout]


def until(number: int) -> datetime:
    """The end of a month."""
    return month(number).interval.end


def test_the_newest_batches_are_held_out() -> None:
    """The newest batch is kept for the gate, all before it train, whatever order they come in."""
    assert keys(split([month(3), month(1), month(2)], policy())) == (["2013-01", "2013-02"], ["2013-03"])
    assert keys(split([month(i) for i in (1, 2, 3, 4)], policy(2, rolling=1))) == (["2013-02"], ["2013-03", "2013-04"])


def test_only_the_newest_revision_with_rows_counts() -> None:
    """A corrected delivery replaces the first, and a batch without matured rows is none."""
    found = split([month(1, 2), month(1, 1), month(2), month(3), month(4, rows=0)], policy())
    assert found.training == (BatchId("flights", "2013-01", 2), BatchId("flights", "2013-02", 1))
    assert found.holdout == (BatchId("flights", "2013-03", 1),)


def test_too_few_batches_are_named() -> None:
    """With nothing left to train on, the sentence says how many were found and how many are needed."""
    with pytest.raises(NotEnoughDataError, match=r"found 2, needed 3 \(2 held out and at least 1 to train on\)"):
        split([month(1), month(2)], policy(2))


def test_the_champion_is_never_judged_on_its_own_training_rows() -> None:
    """The holdout starts at or after the end of the champion's training rows, or there is not enough data."""
    months = [month(i) for i in (1, 2, 3)]
    assert keys(split(months, policy(), champion_trained_until=until(2)))[1] == ["2013-03"]
    with pytest.raises(NotEnoughDataError, match=r"no newer matured batches .* until 2013-04-01"):
        split(months, policy(), champion_trained_until=until(3))
    with pytest.raises(NotEnoughDataError, match=r"too few newer .* found 1, needed 2"):
        split(months, policy(2), champion_trained_until=until(2))


batches = st.lists(
    st.builds(month, st.integers(1, 30), st.integers(1, 3), st.integers(0, 2)), unique_by=lambda each: each.id
)


@given(batches, st.integers(1, 3), st.none() | st.integers(1, 4), st.none() | st.integers(1, 30))
def test_training_and_holdout_never_overlap_and_are_in_time_order(
    matured: list[MaturedBatch], holdout: int, rolling: int | None, champion: int | None
) -> None:
    """Every training batch ends before the holdout starts, no key is in both, and the holdout has its full size."""
    try:
        found = split(matured, policy(holdout, rolling), until(champion) if champion else None)
    except NotEnoughDataError:
        return
    interval: dict[BatchId, Interval] = {each.id: each.interval for each in matured}
    order = [*found.training, *found.holdout]
    assert len({each.key for each in order}) == len(order)
    assert all(interval[one].end <= interval[two].start for one, two in pairwise(order))
    assert len(found.holdout) == holdout
    assert 1 <= len(found.training) <= (rolling or len(matured))
    assert champion is None or interval[found.holdout[0]].start >= until(champion)


def test_the_same_season_of_earlier_years_trains_with_the_newest() -> None:
    """After December of the third year the model will serve January: winters train, and the newest batch; summers not."""
    window = Window(kind="same_season", days=46)
    months = [month(number) for number in range(1, 37)]
    found = keys(split(months, policy(), window=window))[0]
    winters = [f"{year}-{m:02}" for year in (2013, 2014, 2015) for m in (1, 2, 12)]
    assert found == sorted({*winters, "2015-11"} - {"2015-01", "2015-02", "2015-12"} | {"2015-01", "2015-02"})


def test_without_an_earlier_year_or_a_change_the_window_is_all() -> None:
    """Where the same season or a change is not to be found, nothing is left out."""
    months = [month(number) for number in range(1, 7)]
    for kind in ("same_season", "since_change"):
        assert split(months, policy(), window=Window(kind=kind)) == split(months, policy())


@given(st.integers(2, 30), st.integers(1, 40))
def test_since_a_change_only_what_is_newer_trains(count: int, at: int) -> None:
    """No batch that ended before the change trains, and there is always one that does."""
    months = [month(number) for number in range(1, count + 1)]
    changed = month(at).interval.start
    found = split(months, policy(), changed=changed, window=Window(kind="since_change"))
    assert found.training
    if at < count:
        assert keys(found)[0] == [each.id.key for each in months[at - 1 : -1]]
    assert not set(found.training) & set(found.holdout)


@pytest.mark.parametrize(
    ("window", "says"),
    [
        ({"kind": "rolling"}, "batches"),
        ({"kind": "expanding", "batches": 3}, "batches"),
        ({"kind": "since_change", "days": 3}, "days"),
        ({"kind": "rolling", "batches": 2, "candidates": ["expanding"]}, "candidates"),
        ({"kind": "best_of", "candidates": ["best_of"]}, "best_of"),
    ],
)
def test_a_window_that_contradicts_itself_is_refused(window: dict[str, object], says: str) -> None:
    """Every key that the kind of window does not have is named."""
    with pytest.raises(ValidationError, match=says):
        Window.model_validate(window, strict=False)


def test_a_window_may_be_given_by_its_name() -> None:
    """`window: best_of` chooses among all kinds; `among` names others."""
    assert [each.name for each in Window.model_validate("best_of").choices] == [
        "expanding",
        "rolling 3",
        "same_season",
        "since_change",
    ]
    some = Window.model_validate({"kind": "best_of", "candidates": ("expanding", {"kind": "rolling", "batches": 2})})
    assert [each.name for each in some.choices] == ["expanding", "rolling 2"]
