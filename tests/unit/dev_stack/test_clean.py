"""`make clean`: what is the stack's goes, what is not stays."""

from __future__ import annotations

from pathlib import Path

from gatehouse.dev_stack.cleanup import clean
from gatehouse.dev_stack.stack_dir import StackDirectory


def test_clean_removes_what_a_stack_keeps_and_nothing_else(tmp_path: Path):
    """A home that is somebody's folder by mistake loses nothing of theirs."""
    home = StackDirectory(tmp_path / "home").prepare()
    home.credentials()
    home.ports()
    (home.root / "thesis.tex").write_text("ten years of work")
    assert home.root / "lake" in clean(home)
    assert [path.name for path in home.root.iterdir()] == ["thesis.tex"]
    (home.root / "thesis.tex").unlink()
    clean(home)
    assert not home.root.exists()
