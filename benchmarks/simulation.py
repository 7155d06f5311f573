"""Does the gate keep its promises? Many simulated pairs of models whose true difference is known."""

from __future__ import annotations

from concurrent.futures import Executor, ProcessPoolExecutor
from itertools import repeat

from benchmarks.pairs import Pairs, coverage, false_betters, promotions_at_margin
from benchmarks.table import Table

PAIRS, LIVES, LOOKS, WORKERS = 2000, 2000, 365, 2
WITHIN = {"independent rows": 0.0, "strong within a day": 1.0}


def measure() -> list[Table]:
    with ProcessPoolExecutor(WORKERS) as pool:
        return [_coverage(pool), _margin(pool), _lives(pool)]


def _coverage(pool: Executor) -> Table:
    asked = [
        (metric, name) for metric in ("log_loss", "brier", "error_rate", "roc_auc", "mae", "rmse") for name in WITHIN
    ]
    found = pool.map(coverage, [Pairs(metric, WITHIN[name]) for metric, name in asked], repeat(PAIRS))
    rows = [(*of, *map(_percent, (one.covered, one.above, one.below))) for of, one in zip(asked, found, strict=True)]
    method = (
        f"{PAIRS:,} pairs of models each, whose errors differ by a known amount: 40 days of 8 to 32 rows; the interval has "
        "95 %. 'Strong within a day' adds to each day an effect as large as the rows' own. Monte Carlo error: 0.5 points, "
        "0.35 of a side."
    )
    headings = ("metric", "rows", "intervals that hold the truth", "all above it", "all below it")
    return Table("The truth lies in 95 % of the intervals", method, headings, rows)


def _margin(pool: Executor) -> Table:
    asked = [(metric, name) for metric in ("log_loss", "roc_auc", "mae") for name in WITHIN]
    found = pool.map(promotions_at_margin, [Pairs(metric, WITHIN[name]) for metric, name in asked], repeat(PAIRS))
    rows = [(*of, *map(_percent, shares)) for of, shares in zip(asked, found, strict=True)]
    method = (
        f"{PAIRS:,} challengers are worse by exactly the margin. The table has how many pass `not_worse_than_champion` at "
        "confidence 0.9, which promises 5 % at a look. It also has how many pass when measured values are compared. Monte "
        "Carlo error: 0.5 points."
    )
    return Table("Challengers at the margin", method, ("metric", "rows", "pass the gate", "pass by value"), rows)


def _lives(pool: Executor) -> Table:
    ways = {"a new month for each": False, "the same held-out month for all": True}
    found = pool.map(false_betters, repeat(LIVES), repeat(LOOKS), ways.values())
    rows = [(name, _percent(one.spending), _percent(one.each_look)) for name, one in zip(ways, found, strict=False)]
    method = (
        f"{LIVES:,} champions meet {LOOKS} challengers each, none of which is better. The table has how many champions are "
        "ever beaten by a false `better_than_champion`. Confidence 0.95 promises 2.5 % for each champion. Monte Carlo error: "
        "0.35 points."
    )
    headings = ("held-out rows", "beaten, error shared by all looks", "beaten, error anew at each look")
    return Table("A year of null challengers", method, headings, rows)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
