"""Anchors beside the lake's files, in its folder `anchors`: one file each, named by the length of the log."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fsspec.implementations.local import LocalFileSystem

from gatehouse.adapters.addresses import open_address
from gatehouse.adapters.s3 import open_s3
from gatehouse.errors import ServiceUnavailableError
from gatehouse.ports.anchors import AnchorStore

if TYPE_CHECKING:
    from gatehouse.core.audit.anchors import Anchor

FOLDER = "anchors"


class LakeAnchors(AnchorStore):
    """`ports.AnchorStore` on the lake's own file system."""

    def __init__(self, address: str) -> None:
        found = open_s3(address) if address.startswith("s3://") else open_address(address)
        self._filesystem: Any = found[0]
        self._folder = f"{str(found[1]).rstrip('/')}/{FOLDER}"

    def keep(self, anchor: Anchor) -> None:
        name, data = f"{self._folder}/{anchor.name}.json", f"{anchor.document()}\n".encode()
        unfinished = f"{self._folder}/.{anchor.name}.unfinished"
        try:
            self._filesystem.makedirs(self._folder, exist_ok=True)
            if not isinstance(self._filesystem, LocalFileSystem):
                self._filesystem.pipe_file(name, data)  # an object store shows a put as a whole
                return
            self._filesystem.pipe_file(unfinished, data)
            Path(unfinished).replace(name)
        except OSError as error:
            raise self._away(error) from error

    def documents(self) -> Sequence[str]:
        try:
            self._filesystem.invalidate_cache()
            names = self._filesystem.ls(self._folder, detail=False)
            wanted = sorted(name for name in names if str(name).endswith(".json"))
            return [self._filesystem.cat_file(name).decode("utf-8", "replace") for name in wanted]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._away(error) from error

    def _away(self, error: OSError) -> ServiceUnavailableError:
        return ServiceUnavailableError(
            f"the anchors at {self._folder} cannot be reached: {type(error).__name__}: {error}"
        )
