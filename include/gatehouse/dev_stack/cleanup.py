"""`make clean`: end the stack and remove its data.

python -m gatehouse.dev_stack.cleanup
"""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from gatehouse.dev_stack import stack
from gatehouse.dev_stack.postgres import private_folder
from gatehouse.dev_stack.stack_dir import StackDirectory
from gatehouse.settings import Settings


def clean(home: StackDirectory) -> list[Path]:
    """End the stack and remove what a home holds; returns what was removed. Files that are not the stack's stay."""
    stack.down(home)
    server = home.root / "postgres"
    removed = [path for path in (*home.contents(), private_folder(server)) if path.exists()]
    for path in removed:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    with contextlib.suppress(OSError):
        home.root.rmdir()
    return removed


if __name__ == "__main__":
    gone = clean(StackDirectory(Settings.from_environment().home.resolve()))
    print("\n".join(f"removed {path}" for path in gone) or "there was nothing to remove")
