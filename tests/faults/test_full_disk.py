"""F8 and F9: a lake on a disk that is full, or that may no longer be written to, at every step that stores something."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from gatehouse.adapters.lake import open_lake
from gatehouse.core.types import BatchState
from gatehouse.errors import LakeError
from gatehouse.pipeline import land
from gatehouse.pipeline.validate import validate
from support.rides import FOUR_MONTHS, FakeContext, folder, open_site  # noqa: F401 - the last two are fixtures

ROOM = 8 << 20  # bytes of the disk


@dataclass
class Disk:
    """A small file system of its own."""

    path: Path

    def fill(self) -> None:
        """Leave no byte free."""
        with suppress(OSError), (self.path / "filler").open("ab", buffering=0) as filler:
            while filler.write(bytes(4096)):
                pass

    def close(self) -> None:
        """Let nothing be written any more."""
        self._mount("remount,ro")

    def mend(self) -> None:
        """There is room again, and it may be written to."""
        self._mount("remount,rw")
        (self.path / "filler").unlink(missing_ok=True)

    def files(self) -> set[str]:
        """What a reader sees, and what a writer may have left behind."""
        return {str(each.relative_to(self.path)) for each in self.path.rglob("*") if each.is_file()} - {"filler"}

    def _mount(self, options: str) -> None:
        subprocess.run(["mount", "-o", options, str(self.path)], check=True, capture_output=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "gatehouse-test", str(place)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("no `mount` here: a full disk cannot be made")
    if done.returncode:
        pytest.skip(f"a file system of its own takes root's rights: {done.stderr.strip()}")
    try:
        yield Disk(place)
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True, capture_output=True)


@pytest.mark.parametrize(("harm", "told"), [("fill", "No space left"), ("close", "Read-only file system")])
def test_a_step_on_a_bad_disk_is_one_named_error_and_goes_through_later(
    open_site: Callable[[], FakeContext],
    disk: Disk,
    harm: str,
    told: str,
) -> None:
    """Landing and validating end with the lake's error, leave neither a file nor a row, and do the same work again when
    the disk is mended: the batch is the one that a good disk has."""
    ctx = open_site()
    ctx.lake = open_lake(str(disk.path / "lake"))
    for step in (
        lambda: land.land(ctx, FOUR_MONTHS[0]),
        lambda: validate(ctx, ctx.ledger.batches.list(ctx.name)[0].id),
    ):
        before, known = disk.files(), ctx.ledger.batches.list(ctx.name)
        getattr(disk, harm)()
        with pytest.raises(LakeError, match=told):
            step()
        assert disk.files() == before
        assert ctx.ledger.batches.list(ctx.name) == known
        disk.mend()
        step()
    (batch,) = ctx.ledger.batches.list(ctx.name)
    assert batch.state is BatchState.ACCEPTED
    part = batch.tables[ctx.case.contract.main]
    good = open_lake(str(disk.path.parent / "good"))
    assert good.put_frame(ctx.lake.frame(part.accepted), "accepted") == part.accepted
