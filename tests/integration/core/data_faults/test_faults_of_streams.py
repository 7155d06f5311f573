"""Whole streams through the faults alone, over several seeds: each broken delivery is named as what it is, and what a world
does is none."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gatehouse.core.data_faults.detect import detect_faults
from gatehouse.core.profiling import Profile, profile_of
from gatehouse.core.profiling.batch_profile import on_grid
from support.streams import FAULTS, KINDS, stream

CHANGED, BATCHES = 4, 6
NAMED = {
    "rotated": "columns rotated",
    "swapped": "columns swapped",
    "unit": "unit changed",
    "timezone": "time zone shifted",
    "constant": "constant",
    "missing": "sudden nulls",
}
WORLD = sorted(set(KINDS) - set(NAMED))


def found(kind: str, seed: int) -> list[list[str]]:
    """The kinds of faults of each batch; a faulty one is not accepted, so it is no earlier batch of the next."""
    accepted: list[Profile] = []
    told: list[list[str]] = []
    for batch in stream(kind, seed, BATCHES, 1200, CHANGED).batches:

        def own(columns: Sequence[str], rows=batch.rows) -> Profile:
            return profile_of(rows[[name for name in columns if name in rows]])

        made = on_grid(batch.rows, accepted[-1] if accepted else None)
        told.append([each.kind for each in detect_faults("rows", accepted, made, own)])
        accepted += [] if told[-1] else [made]
    return told


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", NAMED)
def test_a_broken_delivery_is_named_from_its_first_batch_on(kind: str, seed: int) -> None:
    """One fault, of the right kind, in every batch after the change and in none before; a quarter of nulls is one, too."""
    assert found(kind, seed) == [[]] * CHANGED + [[NAMED[kind]]] * (BATCHES - CHANGED)
    assert kind in (*FAULTS, "missing")


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("kind", WORLD)
def test_a_change_of_the_world_is_no_fault(kind: str, seed: int) -> None:
    """Shifts, seasons, other labels and other correlations are accepted: the watch judges them."""
    assert found(kind, seed) == [[]] * BATCHES
