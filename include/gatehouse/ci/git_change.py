"""The change of a branch, as git knows it: which files of a use case differ, and the folder as it was before."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from gatehouse.errors import ConfigurationError, InvalidInputError


def merge_base(folder: Path, base: str) -> str:
    """The commit that the branch left `base` at: what others added there since is no part of the change."""
    try:
        return _git(folder, "merge-base", "--", base, "HEAD").decode().strip()
    except subprocess.CalledProcessError as error:
        raise InvalidInputError(
            f"git finds no common commit of {base!r} and HEAD",
            found=error.stderr.decode(errors="replace").strip() or "no common commit",
            allowed="a branch, tag or commit of this repository; a workflow has to fetch the whole history",
        ) from None


def changed_files(folder: Path, commit: str) -> tuple[str, ...]:
    """The files of a folder that differ between the commit and the working tree, relative to the folder."""
    listed = _git(folder, "diff", "--name-only", "-z", "--no-renames", "--relative", commit, "--", ".")
    return tuple(sorted(name for name in listed.decode().split("\0") if name))


def restore(folder: Path, commit: str, changed: Sequence[str], into: Path) -> Path:
    """A copy of the folder with the change undone. What lies beside the folder is linked, for relative paths to data."""
    copy = into / folder.name
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for beside in folder.parent.iterdir():
        if beside.name != folder.name:
            (into / beside.name).symlink_to(beside)
    for name in changed:
        place = copy / name
        place.unlink(missing_ok=True)
        try:
            content = _git(folder, "show", f"{commit}:./{name}")
        except subprocess.CalledProcessError:
            continue  # the change added it
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return copy


def _git(folder: Path, *arguments: str) -> bytes:
    try:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, check=True)
    except FileNotFoundError:
        raise ConfigurationError("git is not installed", allowed="the program `git` on the path") from None
    return done.stdout
