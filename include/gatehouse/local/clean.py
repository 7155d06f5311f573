"""Ends the checkout's stack and removes its data: `make clean`."""

from __future__ import annotations

import shutil

from gatehouse.local import stack
from gatehouse.local.home import Home
from gatehouse.local.postgres import private_folder
from gatehouse.settings import Settings


def main() -> None:
    """End the stack, then remove its home and what PostgreSQL keeps elsewhere for root."""
    home = Home(Settings.from_environment().home)
    stack.down(home)
    for folder in (home.root, private_folder(home.root / "postgres")):
        shutil.rmtree(folder, ignore_errors=True)
        print(f"removed {folder}")


if __name__ == "__main__":
    main()
