"""Does the gate keep its promises? Many simulated pairs of models whose true difference is known."""

from __future__ import annotations

from benchmarks.pairs import Pairs, coverage, false_betters, promotions_at_margin
from benchmarks.table import Table

PAIRS, AT_MARGIN, LIVES, LOOKS = 2000, 1000, 400, 365


def measure() -> list[Table]:
    return [_coverage(), _margin(), _lives()]


def _coverage() -> Table:
    rows = []
    for metric in ("log_loss", "brier", "error_rate", "roc_auc", "mae", "rmse"):
        for name, within_day in (("independent rows", 0.0), ("strong within a day", 1.0)):
            found = coverage(Pairs(metric, within_day=within_day), runs=PAIRS)
            cells = (found.covered, found.above, found.below)
            rows.append((metric, name, *(f"{100 * share:.1f} %" for share in cells)))
    method = (
        f"{PAIRS:,} pairs of models each, whose errors differ by a known amount: 40 days of 8 to 32 rows; the interval has "
        "95 %. 'Strong within a day' adds to each day an effect as large as the rows' own. Monte Carlo error: 0.5 points."
    )
    headings = ("metric", "rows", "intervals that hold the truth", "all above it", "all below it")
    return Table("The truth lies in 95 % of the intervals", method, headings, rows)


def _margin() -> Table:
    rows = []
    for metric in ("log_loss", "roc_auc", "mae"):
        for name, within_day in (("independent rows", 0.0), ("strong within a day", 1.0)):
            gate, points = promotions_at_margin(Pairs(metric, within_day=within_day), runs=AT_MARGIN)
            rows.append((metric, name, f"{100 * gate:.1f} %", f"{100 * points:.1f} %"))
    method = (
        f"{AT_MARGIN:,} challengers that are worse by exactly the margin: how many pass `not_worse_than_champion` at confidence "
        "0.9, which promises 5 % at a look, and how many pass when measured values are compared. Monte Carlo error: 0.7 points."
    )
    return Table("Challengers at the margin", method, ("metric", "rows", "pass the gate", "pass by value"), rows)


def _lives() -> Table:
    rows = []
    for name, frozen in (("a new month for each", False), ("the same held-out month for all", True)):
        found = false_betters(LIVES, LOOKS, frozen)
        rows.append((name, f"{100 * found.spending:.1f} %", f"{100 * found.each_look:.1f} %"))
    method = (
        f"{LIVES} champions that meet {LOOKS} challengers each, none of which is better: how many champions are ever beaten "
        "by a false `better_than_champion` at confidence 0.95, which promises 2.5 % over a life. Monte Carlo error: 0.8 points."
    )
    headings = ("held-out rows", "beaten, error spent over the life", "beaten, error anew at each look")
    return Table("A year of null challengers", method, headings, rows)
