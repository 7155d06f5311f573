"""Columns that go together differently while each looks as before."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from gatehouse.core.drift.domain_classifier import domain_classifier_auc, judge, rank_transform


def pair(seed: int, rows: int, rho: float, scale: float = 1.0) -> NDArray[np.float64]:
    """Two normal columns with that correlation and two that go with nothing, as ranks; `scale` stretches the first."""
    random = np.random.default_rng(seed)
    one, other = random.normal(size=rows), random.normal(size=rows)
    free = random.normal(size=(2, rows))
    return rank_transform([scale * one, rho * one + np.sqrt(1 - rho**2) * other, *free], seed)


def test_a_turned_correlation_is_told_and_named() -> None:
    """The marginals are the same, the pair is named with its correlation before and after."""
    one, other = pair(0, 1500, 0.7), pair(1, 1500, -0.7)
    found = judge(domain_classifier_auc(one, other), (), 0.001, (1500, 1500), ["a", "b", "c", "d"], one, other)
    assert found.changed
    assert found.pair == ("a", "b")
    assert found.before == pytest.approx(0.68, abs=0.05)
    assert found.after == pytest.approx(-0.68, abs=0.05)
    assert "a and b go together differently" in found.sentence


@pytest.mark.parametrize("scale", [1.0, 5.0])
def test_single_columns_tell_nothing(scale: float) -> None:
    """A stretched column changes no rank: that change belongs to the column's own distance."""
    aucs = [domain_classifier_auc(pair(seed, 800, 0.5), pair(100 + seed, 800, 0.5, scale)) for seed in range(20)]
    assert float(np.mean(aucs)) == pytest.approx(0.5, abs=0.01)


def test_quiet_samples_stay_within_the_level() -> None:
    """Calibrated on the reference's own units, at a level of .02, hardly one of forty quiet samples is a change."""
    changed = 0
    for seed in range(40):
        units = [
            domain_classifier_auc(pair(1000 * seed + u, 400, 0.5), pair(1000 * seed + u + 50, 400, 0.5))
            for u in range(8)
        ]
        one, other = pair(1000 * seed + 90, 400, 0.5), pair(1000 * seed + 91, 400, 0.5)
        auc = domain_classifier_auc(one, other)
        changed += judge(auc, units, 0.02, (400, 400), ["a", "b", "c", "d"], one, other).changed
    assert changed <= 4


def test_units_that_differ_among_themselves_raise_the_limit() -> None:
    """When quiet units are told apart with .6 on average, .65 is no news."""
    one, other = pair(0, 500, 0.5), pair(1, 500, 0.5)
    wide = judge(0.65, (0.55, 0.6, 0.65, 0.58, 0.62, 0.6), 0.001, (500, 500), ["a", "b"], one, other)
    narrow = judge(0.65, (0.5, 0.51, 0.49, 0.5, 0.5, 0.51), 0.001, (500, 500), ["a", "b"], one, other)
    assert (wide.changed, narrow.changed) == (False, True)
