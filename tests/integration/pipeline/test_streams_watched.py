"""Synthetic streams through the watch: the right kind is named in time, and quiet streams stay quiet."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from support.streams import stream
from support.watching import Seen, watched

CHANGED = 6
SEED = 2
See = Callable[..., list[Seen]]


@pytest.fixture(scope="module")
def see(tmp_path_factory: pytest.TempPathFactory) -> See:
    """Watch the stream of a kind, once for all tests."""
    known: dict[tuple[str, int], list[Seen]] = {}

    def seen(kind: str, seed: int = SEED) -> list[Seen]:
        if (kind, seed) not in known:
            made = stream(kind, seed, 9, 1500, changed=CHANGED)
            known[kind, seed] = watched(made, tmp_path_factory.mktemp(kind))
        return known[kind, seed]

    return seen


@pytest.mark.parametrize(("kind", "seed"), [("nothing", SEED), ("nothing", 3), ("nothing", 4), ("seasonal", SEED)])
def test_a_quiet_stream_pages_nobody(kind: str, seed: int, see: See) -> None:
    """Nothing changes but the weather of the day, or the season of a column that no label depends on: no alarm."""
    assert [each.number for each in see(kind, seed) if each.alarms or each.pages] == []


@pytest.mark.parametrize(
    ("kind", "seed", "named", "column"),
    [
        ("abrupt", SEED, "covariate drift", "speed"),
        ("abrupt", 3, "covariate drift", "speed"),
        ("variance", SEED, "covariate drift", "speed"),
        ("category", SEED, "covariate drift", "city"),
        ("correlation", SEED, "covariate drift", "load"),
        ("correlation", 3, "covariate drift", "load"),
        ("label", SEED, "concept drift", None),
        ("label", 3, "concept drift", None),
        ("recurring", SEED, "concept drift", None),
        ("prior", SEED, "label shift", "gh_label"),
    ],
)
def test_an_abrupt_change_is_named_within_two_batches(
    kind: str, seed: int, named: str, column: str | None, see: See
) -> None:
    """The kind and the column it began in; before the change nobody is paged. Concept drift and label shift are seen
    when outcomes are, one batch later."""
    assert not any(each.pages for each in see(kind, seed) if each.number < CHANGED)
    soon = [each for each in see(kind, seed) if CHANGED <= each.number <= CHANGED + 1]
    found = [each for now in soon for each in now.findings if each.kind == named]
    assert found
    assert column is None or column in {name for each in found for name in each.columns}


def test_a_gradual_shift_is_named_before_it_is_done(see: See) -> None:
    """A mean that creeps away over three batches is named within the first two."""
    first = min(
        each.number for each in see("gradual") if "speed" in {name for f in each.findings for name in f.columns}
    )
    assert CHANGED <= first <= CHANGED + 1


@pytest.mark.parametrize("kind", ["rotated", "unit"])
def test_a_broken_delivery_is_a_data_fault_from_its_first_batch_on(kind: str, see: See) -> None:
    """Such columns never reach a model; the batches before are accepted. `core/data_faults` has the other kinds and seeds."""
    assert [bool(each.faults) for each in see(kind)] == [each.number >= CHANGED for each in see(kind)]


def test_a_harmless_shift_never_pages_and_a_harmful_one_of_the_same_size_does(see: See) -> None:
    """Eight tenths of a standard deviation, once in a column that no label depends on and once in one that they do."""
    harmless, harmful = see("harmless"), see("abrupt")
    assert {"clutter"} == {name for each in harmless for f in each.findings for name in f.columns}
    assert not any(each.pages for each in harmless)
    assert all(each.pages for each in harmful if each.number >= CHANGED)
    (drift,) = (each for each in harmful[-1].body["drift"] if each["column"] == "speed")
    assert drift["impact"]["if_wrong"] > 0.02


def test_one_cause_is_one_incident_that_pages_once(see: See) -> None:
    """A shift that lasts is one incident with its consequences below it, updated and never paged again."""
    (incident,) = (each for each in see("abrupt")[-1].incidents if each.state == "open" and each.page)
    assert (incident.opened, incident.paged, incident.batches) == ("2020-07", "2020-07", 3)
    assert any(each.startswith("gh_score") for each in incident.consequences)


def test_the_label_free_estimate_is_compared_with_what_came(see: See) -> None:
    """On a quiet stream the scores expect about what is realised; when the concept changes they cannot know, and the
    warning says so."""
    for each in see("nothing"):
        if "matured" in each.body:
            estimate = each.body["matured"]["estimate"]
            assert abs(estimate["value"] - estimate["realised"]) < 0.05
    last = see("label")[-1].body["matured"]["estimate"]
    assert last["realised"] - last["value"] > 0.1
    assert "cannot see concept drift" in last["warning"]
