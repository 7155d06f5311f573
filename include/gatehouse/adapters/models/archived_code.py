"""Imports the own code of a use case out of a model file, from memory, under a name that is its hash."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import PurePosixPath
from types import CodeType, ModuleType

from gatehouse.errors import UntrustedModelError
from gatehouse.own_code import MAIN, OwnCode
from gatehouse.user_code import described


class _Archive(MetaPathFinder, InspectLoader):
    """Finds and runs modules whose source is in memory."""

    def __init__(self) -> None:
        self.sources: dict[str, tuple[str, bool, bytes]] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self.sources:
            return None
        return spec_from_loader(fullname, self, origin=self.sources[fullname][0], is_package=self.is_package(fullname))

    def is_package(self, fullname: str) -> bool:
        return self.sources[fullname][1]

    def get_source(self, fullname: str) -> str:
        return self.sources[fullname][2].decode()

    def get_code(self, fullname: str) -> CodeType:
        name, _, source = self.sources[fullname]
        return self.source_to_code(source, name)


_ARCHIVE = _Archive()


def import_archived(files: Mapping[str, bytes]) -> str:
    """Import the code of a model file, once in a process; returns the name of its module.

    Raises:
        UntrustedModelError: the code raises when it is imported.
    """
    code = OwnCode("", dict(sorted(files.items())))
    name = code.archived_module
    if name in sys.modules:
        return name
    if _ARCHIVE not in sys.meta_path:
        sys.meta_path.append(_ARCHIVE)
    for file, source in code.files.items():
        path = PurePosixPath(file)
        steps = [name, *path.parent.parts, *([] if path.name in (MAIN, "__init__.py") else [path.stem])]
        package = path.name == "__init__.py" or file == MAIN
        _ARCHIVE.sources[".".join(steps)] = (f"{name}/{file}", package, source)
    try:
        import_module(name)
    except (Exception, SystemExit) as error:
        raise UntrustedModelError(
            "the code in the model file cannot be imported", found=described(error), owner="data scientist",
            allowed="a model.py that reads no file of its folder while it is imported",
        ) from error  # fmt: skip
    return name
