"""Outcomes that agree, contradict each other, match no row, come for another batch, or are corrected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from gatehouse.pipeline import outcomes as collecting
from support.fixtures import Play, played, shared_database, shared_ledger  # noqa: F401 - fixtures
from support.folders import Delivery, Folder
from support.played import joined, same

LABELLED = ("2024-01", "2024-02")
QUIET = {"min_batches_first_training": 99}


def folder_of(change: Callable[[str, Delivery], None], **parts: Any) -> Folder:
    """A folder whose deliveries were changed."""
    return Folder(**{"retrain": QUIET, "keys": (*LABELLED, "2024-03"), **parts}).edit(change)


def add(delivery: Delivery, outcomes: pd.DataFrame, first: bool = False) -> None:
    """Add outcomes before or after those that are there."""
    both = [outcomes, delivery.outcomes] if first else [delivery.outcomes, outcomes]
    delivery.outcomes = pd.concat(both, ignore_index=True)


def wanted(folder: Folder, keys: tuple[str, ...] = LABELLED) -> dict[float, float]:
    """What the independent join gives."""
    return joined([folder.delivered[key] for key in keys], folder.key)


def test_outcomes_that_agree_are_one(played: Play) -> None:
    """Every outcome twice, saying the same: each row has its label once."""
    folder = folder_of(lambda _, delivery: add(delivery, delivery.outcomes.sample(frac=1, random_state=1)))
    assert same(played(folder).labels(), wanted(folder)) == ""


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_outcomes_that_contradict_are_no_label(played: Play, first: bool, suffix: str) -> None:
    """Two rows have two outcomes that differ, whichever comes first: they get none, the others keep theirs, and the
    number and an example are told."""

    def contradict(_: str, delivery: Delivery) -> None:
        again = delivery.outcomes.iloc[[5, 80]]
        add(delivery, again.assign(label=1 - again["label"]), first)

    folder = folder_of(contradict, suffix=suffix)
    play = played(folder)
    assert same(play.labels(), wanted(folder)) == ""
    assert "2024-01-00005" in play.said("2024-01")


@pytest.mark.parametrize("first", [True, False])
def test_all_outcomes_contradicting_train_nothing(played: Play, first: bool) -> None:
    """Where every row has two labels, no batch is labelled, and it is told how many and where."""
    folder = folder_of(
        lambda _, each: add(each, each.outcomes.assign(label=1 - each.outcomes["label"]), first),
        retrain={"min_batches_first_training": 2},
    )
    play = played(folder)
    assert play.labels() == {}
    assert play.ctx.ledger.models.list(play.ctx.name) == []
    assert play.tracebacks == []
    assert "contradict" in play.said("2024-01")
    assert "120" in play.said("2024-01") or "240" in play.said("2024-01")


def test_three_outcomes_of_which_one_differs_contradict(played: Play) -> None:
    """Two against one is no vote: the row has no label."""

    def two_to_one(_: str, delivery: Delivery) -> None:
        row = delivery.outcomes.iloc[[9]]
        add(delivery, pd.concat([row, row.assign(label=1 - row["label"])]))

    folder = folder_of(two_to_one)
    assert same(played(folder).labels(), wanted(folder)) == ""


@pytest.mark.parametrize("first", [True, False])
def test_an_outcome_without_a_label_gives_way(played: Play, first: bool) -> None:
    """A null label and a label for one row: the label counts, whichever comes first. Two nulls are none."""

    def blank(_: str, delivery: Delivery) -> None:
        add(delivery, delivery.outcomes.iloc[[3, 4, 5]].assign(label=None), first)
        delivery.outcomes.loc[delivery.outcomes["id"].str.endswith("00007"), "label"] = None
        add(delivery, delivery.outcomes[delivery.outcomes["id"].str.endswith("00007")])
        delivery.outcomes["label"] = delivery.outcomes["label"].astype("float64")

    folder = folder_of(blank)
    assert same(played(folder).labels(), wanted(folder)) == ""


WITH_NOTE = {"columns": {"id": "string", "label": "number", "note": "number"}}


def noted(_: str, delivery: Delivery) -> None:
    """Outcomes twice with the same label and another note in two of them."""
    delivery.outcomes = delivery.outcomes.assign(note=0.0)
    add(delivery, delivery.outcomes.iloc[[11, 12]].assign(note=1.0))


def test_outcomes_that_differ_elsewhere_agree_in_the_label(played: Play) -> None:
    """Another value in a column that is no label contradicts nothing."""
    folder = folder_of(noted, outcomes_table=WITH_NOTE)
    assert same(played(folder).labels(), wanted(folder)) == ""


def test_a_target_of_another_column_contradicts_by_that_column(played: Play) -> None:
    """target() reads the column in which two outcomes of a row differ: no first line wins."""
    folder = folder_of(noted, outcomes_table=WITH_NOTE, target='return (outcomes["label"] + outcomes["note"]) % 2')
    found = played(folder).labels()
    truth = wanted(folder)
    for key in LABELLED:
        for row in (11, 12):
            truth.pop(float(folder.delivered[key].rows["amount"].iloc[row]))
    assert same(found, truth) == ""


def test_outcomes_of_quarantined_rows_label_nothing(played: Play) -> None:
    """Rows outside their month are quarantined; their outcomes match no accepted row and label no other."""

    def misdate(_: str, delivery: Delivery) -> None:
        delivery.rows.loc[[0, 1], "at"] = pd.Timestamp("2020-01-01", tz="UTC")

    inside = {
        "expect": "expect_column_values_to_be_between", "severity": "critical", "reason": "interval",
        "args": {"column": "at", "min_value": "$interval_start", "max_value": "$interval_end", "strict_max": True},
    }  # fmt: skip
    folder = folder_of(misdate, table={"expectations": [inside]})
    gone = {float(folder.delivered[key].rows["amount"].iloc[row]) for key in LABELLED for row in (0, 1)}
    play = played(folder)
    assert same(play.labels(), {row: label for row, label in wanted(folder).items() if row not in gone}) == ""


def test_outcomes_of_another_batch_label_nothing_here(played: Play) -> None:
    """A file of outcomes that holds another month's keys: they match no row of this month, and that is told."""

    def swap(key: str, delivery: Delivery) -> None:
        if key == "2024-02":
            delivery.outcomes["id"] = delivery.outcomes["id"].str.replace("2024-02", "2024-01")
            delivery.outcomes["label"] = 1 - delivery.outcomes["label"]

    folder = folder_of(swap, keys=("2024-01", "2024-02", "2024-03", "2024-04"))
    play = played(folder)
    assert same(play.labels(), wanted(folder, ("2024-01", "2024-03"))) == ""
    assert_unmatched_told(play, "2024-01-0")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("written", ["{}   ", " {}", "{}.0", "x{}", "{}\u00a0"])
def test_outcomes_that_match_no_row_are_told(played: Play, written: str, suffix: str) -> None:
    """Keys in another writing match nothing: how many, with an example, instead of "not mature" for ever."""
    folder = folder_of(
        lambda _, each: each.outcomes.__setitem__("id", [written.format(key) for key in each.outcomes["id"]]),
        suffix=suffix,
    )
    play = played(folder)
    assert play.labels() == {}
    assert_unmatched_told(play, "2024-01-0")


def assert_unmatched_told(play: Any, example: str) -> None:
    """A sentence about the outcomes says how many match no row, with an example."""
    said = play.said()
    assert "120 of 120" in said, said
    assert "no row" in said
    assert example in said


def test_rows_without_outcomes_have_no_label(played: Play) -> None:
    """Half of the outcomes come: those rows have their labels, the rest none."""
    folder = folder_of(lambda _, each: setattr(each, "outcomes", each.outcomes.iloc[::2].reset_index(drop=True)))
    assert same(played(folder).labels(), wanted(folder)) == ""


def test_a_correction_replaces_the_labels(played: Play) -> None:
    """With `until`, another delivery of outcomes is another revision, and the labels are those of the newest."""
    folder = folder_of(lambda _, each: None, outcomes_table={"updates_until": "6 months"})
    play = played(folder)
    assert same(play.labels(), wanted(folder)) == ""
    changed = folder.delivered["2024-01"]
    changed.outcomes["label"] = 1 - changed.outcomes["label"]
    changed.outcomes.to_parquet(play.ctx.case.folder / "drop" / "outcomes_2024-01.parquet", index=False)
    collecting.collect(play.ctx, "2024-03")
    assert same(play.labels(), wanted(folder)) == ""
