"""The temporary folder of a case."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def tidy() -> Iterator[str]:
    """A temporary folder that is everybody's `TMPDIR` for a while, and goes with all that killed processes left in it."""
    before = os.environ.get("TMPDIR")
    with tempfile.TemporaryDirectory(prefix="gh-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # PostgreSQL is another user when ours is root
        os.environ["TMPDIR"], tempfile.tempdir = folder, None
        try:
            yield folder
        finally:
            os.environ.pop("TMPDIR")
            os.environ.update({"TMPDIR": before} if before is not None else {})
            tempfile.tempdir = None
