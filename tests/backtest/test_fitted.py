"""What the what-ifs are made of: each thing once, most of it while the replay goes on."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gatehouse.backtest.baselines import what_ifs
from gatehouse.backtest.fitted import Fitted, Once
from gatehouse.backtest.history import read_history
from gatehouse.backtest.replay import replay
from gatehouse.backtest.site import throwaway
from gatehouse.usecase import load
from streams import stream

RETRAIN = """\
task: classification
first_after: 3
choose_by: log_loss
reasons: {schedule: 3}
"""


def test_who_comes_second_waits_for_the_first() -> None:
    """Eight threads that ask for one value get the same one, which was made once."""
    once, made, gate = Once(), [], threading.Barrier(8)

    def make() -> object:
        made.append(object())
        return made[-1]

    def ask(_: int) -> Any:
        gate.wait()
        return once.get("key", make)

    with ThreadPoolExecutor(8) as pool:
        assert len({id(each) for each in pool.map(ask, range(8))}) == len(made) == 1


def test_what_was_raised_is_raised_again() -> None:
    """A value that could not be made is not made a second time, and every asker hears why."""
    once, tried = Once(), []

    def fail() -> None:
        tried.append(1)
        raise ValueError("one class only")

    for _ in range(2):
        with pytest.raises(ValueError, match="one class only"):
            once.get("key", fail)
    assert len(tried) == 1


def test_nothing_depends_on_what_was_fitted_ahead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The what-ifs ask for estimators that are there already, and say the same as when none was fitted ahead."""
    fits: list[tuple[Fitted, str]] = []
    fit = Fitted._fit
    monkeypatch.setattr(Fitted, "_fit", lambda self, name, parts: fits.append((self, name)) or fit(self, name, parts))
    case = load(stream("label", batches=9, rows=600, changed=5).folder(tmp_path, RETRAIN))
    with throwaway(case) as site:
        ahead, behind = Fitted(site), Fitted(site)
        with ahead.ahead() as reached:
            taken = replay(site, told=reached)
        assert all(each.errors == () for each in taken)
        early = len(fits)
        assert early > 0, "nothing was fitted while the replay went on"
        found = [what_ifs(read_history(each, "log_loss"), 2) for each in (ahead, behind)]
    assert found[0] == found[1]
    assert {way.name for way in found[0]} == {"never", "every batch", "fixed window", "oracle"}
    late = {each: sum(by is each for by, _ in fits[early:]) for each in (ahead, behind)}
    assert late[ahead] < late[behind] == len(fits) - late[ahead] - early
    assert len([by for by, _ in fits if by is ahead]) == late[behind], "something was fitted twice, or for nothing"
