"""The source of a use case's own code: `model.py`, and the modules of its folder that it imports with `from .name import`.

A model file that holds an own class or function holds this source as well. It is named by its hash, so a champion is
always loaded with the code that it was fitted with, whatever `model.py` says today.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from gatehouse.core.audit.canonical_json import digest, sha256

ARCHIVED = "gatehouse_code_"
IMPORTED = "gatehouse_usecase_"
MAIN = "model.py"


@dataclass(frozen=True)
class OwnCode:
    """Source by file name, and the name of the module that it is imported as in this process."""

    module: str
    files: Mapping[str, bytes]

    @cached_property
    def sha256(self) -> str:
        """The hash of the source: that of `model.py` where it stands alone."""
        if set(self.files) == {MAIN}:
            return sha256(self.files[MAIN])
        return digest({name: sha256(source) for name, source in self.files.items()})

    @property
    def archived_module(self) -> str:
        """The name of the module in a model file: the same on every machine."""
        return f"{ARCHIVED}{self.sha256[:16]}"


def module_name(model_file: Path) -> str:
    """The name under which a `model.py` is imported, so that two use cases never share a module."""
    return f"{IMPORTED}{model_file.parent.name}_{sha256(str(model_file))[:8]}"


def own_code(model_file: Path) -> OwnCode:
    """Read `model.py` and the modules of its folder that it imports, directly or through one another."""
    folder, found, waiting = model_file.parent, {}, [PurePosixPath(MAIN)]
    while waiting:
        name = waiting.pop()
        if str(name) in found or not (folder / name).is_file():
            continue
        found[str(name)] = (folder / name).read_bytes()
        waiting += _imported(found[str(name)], name)
    return OwnCode(module_name(model_file), dict(sorted(found.items())))


def _imported(source: bytes, name: PurePosixPath) -> Iterator[PurePosixPath]:
    """The files that the relative imports of a file may mean; not all of them need to be there."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError):
        return  # importing the file says what is wrong with it
    for node in nodes:
        if not isinstance(node, ast.ImportFrom) or not 0 < node.level <= len(name.parts):
            continue
        package = PurePosixPath(*name.parts[: len(name.parts) - node.level], *(node.module or "").split("."))
        for path in (package, *(package / alias.name for alias in node.names)):
            if path.parts:
                yield path.with_name(f"{path.name}.py")
                yield path / "__init__.py"
