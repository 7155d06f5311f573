"""What a case leaves in the temporary folder."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from faults.tidy import tidy


def test_what_a_killed_process_leaves_goes_with_its_case() -> None:
    """Folders of this process and of a child that SIGKILL ended are below the case's own one, which is removed; then the
    usual place is the usual one again."""
    usual = tempfile.gettempdir()
    code = "import os, signal, tempfile; print(tempfile.mkdtemp(), flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    with tidy() as folder:
        child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        left = [Path(child.stdout.strip()), Path(tempfile.mkdtemp())]
        assert all(each.is_dir() and each.parent == Path(folder) for each in left)
    assert not Path(folder).exists()
    assert tempfile.gettempdir() == usual
    assert os.environ.get("TMPDIR", usual) == usual
