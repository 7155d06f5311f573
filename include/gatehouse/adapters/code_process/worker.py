"""The process of a use case's code: it confines itself, then answers calls until the task that started it has ended.

    python -m gatehouse.adapters.code_process.worker CHANNEL LIFELINE MEMORY FOLDER

CHANNEL and LIFELINE are file descriptors, MEMORY is in bytes (0: no limit). Nothing is imported before it is confined:
Landlock holds for the thread that asks for it and for those that it starts.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path

from gatehouse.adapters.code_process.confine import confine


def main(channel: int, lifeline: int, memory: int, folder: Path) -> None:
    """Answer calls from the channel; ends with everything that the code has started when the lifeline does."""
    confine([folder], [Path.cwd()])
    if memory:
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()

    from gatehouse.adapters.code_process.errors import to_document
    from gatehouse.adapters.code_process.messages import receive, send
    from gatehouse.adapters.code_process.verbs import Verbs

    verbs, me = Verbs(folder), os.getpid()
    with socket.socket(fileno=channel) as asked:
        while True:
            try:
                call = receive(asked)
            except EOFError:
                return
            answer = verbs.answer(call)
            with suppress(Exception):  # the code may have closed it, or put something else in its place
                sys.stdout.flush()
            if os.getpid() != me:  # the code has forked, and this is its copy
                os._exit(0)
            try:
                send(asked, answer)
            except Exception as error:  # what the code returned is no table that Arrow can hold
                send(asked, {"error": to_document(error, folder / "model.py")})


def _end_with(lifeline: int) -> None:
    os.read(lifeline, 1)  # nobody writes: it returns when the task's process has ended, however that ended
    shutil.rmtree(Path.cwd(), ignore_errors=True)
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
