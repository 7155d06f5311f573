"""`make benchmark`: parts that run alone, and a whole that outlives a part that fails."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
from benchmarks import __main__ as bench
from benchmarks import mutation
from benchmarks.table import Table

BROKEN, SOUND = "parsing", "ledger"


@pytest.fixture
def two_parts(monkeypatch, tmp_path):
    """A bench of two parts, one of which fails, that writes its page into a folder of the test's own."""
    sound, broken = ModuleType("sound"), ModuleType("broken")
    sound.measure = lambda: [Table("Sound", "It is measured.", ("a",), [("1",)])]
    monkeypatch.setitem(sys.modules, f"benchmarks.{SOUND}", sound)
    monkeypatch.setitem(sys.modules, f"benchmarks.{BROKEN}", broken)
    monkeypatch.setattr(bench, "PARTS", (BROKEN, SOUND))
    monkeypatch.setattr(bench, "BY_NAME", ())
    monkeypatch.setattr(bench, "ROOT", tmp_path)
    folder = tmp_path / "docs" / "reference"
    folder.mkdir(parents=True)
    return folder / "benchmarks.md"


def test_a_part_that_fails_is_told_and_stops_no_other(two_parts, capsys):
    """The page names it as failed, has what the others measured, and the exit code stays 0."""
    assert bench.main([]) == 0
    text = two_parts.read_text()
    assert f"## {BROKEN}: failed" in text
    assert "AttributeError ended this part" in text
    assert "## Sound" in text
    assert f"failed: {BROKEN}" in capsys.readouterr().err


def test_a_part_runs_alone_and_writes_no_page(two_parts, capsys):
    """What is asked for by its name is printed, and fails the command when it fails; an unknown name is wrong usage."""
    assert bench.main([SOUND]) == 0
    assert capsys.readouterr().out.startswith("## Sound")
    assert bench.main([SOUND, BROKEN]) == 1
    assert bench.main(["nonsense"]) == 2
    assert "no such part: nonsense; there are: parsing, ledger" in capsys.readouterr().err
    assert not two_parts.exists()


def test_a_part_alone_takes_the_place_of_its_section_only(two_parts, monkeypatch):
    """With `--write` the other sections stay as they were measured; on another machine they are dropped."""
    bench.main([])
    sys.modules[f"benchmarks.{SOUND}"].measure = lambda: [Table("Sounder", "It is measured.", ("a",), [("2",)])]
    assert bench.main(["--write", SOUND]) == 0
    once = two_parts.read_text()
    assert f"## {BROKEN}: failed" in once
    assert "## Sounder" in once
    assert "## Sound\n" not in once
    assert bench.main(["--write", SOUND]) == 0
    assert two_parts.read_text() == once
    monkeypatch.setattr(bench, "machine", lambda: "1 core.")
    assert bench.main(["--write", SOUND]) == 0
    assert f"## {BROKEN}" not in two_parts.read_text()


def test_a_long_part_runs_only_by_its_name(two_parts, monkeypatch):
    """The whole does without it and keeps what was measured of it."""
    monkeypatch.setattr(bench, "PARTS", (BROKEN,))
    monkeypatch.setattr(bench, "BY_NAME", (SOUND,))
    assert bench.main([]) == 0
    assert "## Sound" not in two_parts.read_text()
    assert bench.main(["--write", SOUND]) == 0
    assert bench.main([]) == 0
    assert "## Sound" in two_parts.read_text()
    assert f"only by their name: {SOUND}" in two_parts.read_text().replace("`", "")


@pytest.mark.parametrize("name", bench.PARTS + bench.BY_NAME)
def test_every_part_can_be_run(name):
    """Its module is there and has what the bench calls."""
    assert (bench.ROOT / "benchmarks" / f"{name}.py").read_text().count("\ndef measure() -> ") == 1


def test_the_copy_that_faults_are_put_into_holds_the_tests_it_names(tmp_path):
    """Tests that were moved would let the part fail where nobody looks: it runs on demand only."""
    copy = mutation._copy(tmp_path / "copy")
    assert [name for name in mutation.TESTS if not (copy / name).is_file()] == []
    assert (copy / "tests" / "support").is_dir()
