"""Write points: every place where code changes something outside its process, found while it runs, and a death at one.

Nothing in the product knows of it. In a forked child the interpreter's audit hook sees files opened for writing, renames,
folders made, connections and programs started; `os.fsync` and psycopg2's connections and cursors are wrapped. Reached
means: about to happen. Death is SIGKILL, after the files that were written and not yet synced have been torn in half: what
a power cut may leave of them.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import extensions

_WRITES = re.compile(r"^\s*(INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|TRUNCATE|CALL|COPY)\b", re.IGNORECASE)
_TABLE = re.compile(r"^\s*(\w+)(?:\s+INTO)?\s+([\w.]+)", re.IGNORECASE)
_FOLDERS = {"os.mkdir": "mkdir", "os.remove": "remove", "os.rmdir": "rmdir", "os.truncate": "truncate"}


class Points:
    """The write points of one process, in the order in which they are reached; death at number `die_at`, if any."""

    def __init__(self, folder: Path, die_at: int | None = None) -> None:
        self.reached: list[str] = []
        self._folder, self._die_at, self._unsynced = str(folder), die_at, {}  # type: ignore[var-annotated]

    def reach(self, what: str) -> None:
        """One more point; the process ends here when it is the one."""
        self.reached.append(what)
        if len(self.reached) - 1 == self._die_at:
            for path in self._unsynced:
                with suppress(OSError):
                    os.truncate(path, os.path.getsize(path) // 2)  # noqa: PTH202 - no audit event of ours may fire here
            os.kill(os.getpid(), signal.SIGKILL)

    def arm(self) -> None:
        """Watch this process, which must be a child made for it: an audit hook stays until the process ends."""
        sys.addaudithook(self._audit)
        os.fsync, honest = self._fsync_with(os.fsync), os.fsync
        assert honest is not os.fsync
        psycopg2.connect = self._connect_with(psycopg2.connect)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and self._opens_for_writing(arguments):
            self.reach(f"open {self._short(arguments[0])}")
            self._unsynced[str(arguments[0])] = True
        elif event == "os.rename" and self._ours(arguments[1]):
            self.reach(f"rename {self._short(arguments[1])}")
            if self._unsynced.pop(str(arguments[0]), False):
                self._unsynced[str(arguments[1])] = True
        elif event in _FOLDERS and self._ours(arguments[0]) and not self._there(event, arguments[0]):
            self.reach(f"{_FOLDERS[event]} {self._short(arguments[0])}")
        elif event in ("socket.connect", "subprocess.Popen"):
            self.reach(event)

    def _opens_for_writing(self, arguments: tuple[Any, ...]) -> bool:
        path, _, flags = arguments
        return bool((flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)) and self._ours(path)

    def _ours(self, path: Any) -> bool:
        return isinstance(path, (str, os.PathLike)) and str(path).startswith(self._folder)

    @staticmethod
    def _there(event: str, path: Any) -> bool:
        """A folder that exists already is not made: `exist_ok` is no write point."""
        return event == "os.mkdir" and os.path.isdir(path)  # noqa: PTH112

    def _short(self, path: Any) -> str:
        """The kind of file without its content hash: `lake/accepted`."""
        return "/".join(Path(str(path)).relative_to(self._folder).parts[:2])

    def _fsync_with(self, fsync: Callable[[Any], None]) -> Callable[[Any], None]:
        def synced(descriptor: Any) -> None:
            path = os.readlink(f"/proc/self/fd/{descriptor if isinstance(descriptor, int) else descriptor.fileno()}")  # noqa: PTH115
            if self._ours(path):
                self.reach(f"fsync {self._short(path) if path != self._folder else '.'}")
            fsync(descriptor)
            self._unsynced.pop(path, None)

        return synced

    def _connect_with(self, connect: Callable[..., Any]) -> Callable[..., Any]:
        points = self

        class Watched(extensions.connection):
            """A connection whose commits and writing statements are points."""

            wrote = False

            def cursor(self, *args: Any, **more: Any) -> Any:
                made = more.pop("cursor_factory", None) or extensions.cursor
                return super().cursor(*args, cursor_factory=_watched(made, self, points), **more)

            def commit(self) -> None:
                if self.wrote:
                    points.reach("commit")
                self.wrote = False
                super().commit()

        return lambda *args, **more: connect(*args, connection_factory=Watched, **more)


def _watched(made: Any, connection: Any, points: Points) -> Any:
    class Cursor(made):  # type: ignore[misc]
        """A cursor whose writing statements are points."""

        def execute(self, query: Any, *args: Any) -> Any:
            if isinstance(query, str) and _WRITES.match(query):
                points.reach(" ".join(_TABLE.match(query).groups()).lower())  # type: ignore[union-attr]
                connection.wrote = True
            return super().execute(query, *args)

    return Cursor
