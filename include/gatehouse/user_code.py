"""Code of a use case is called here: whatever it raises becomes one named error of one shape.

with user_code(ModelError, folder / "model.py", "features()", DATA_SCIENTIST):
    features = model.features(tables)

model.py:12: features() raised KeyError: 'group'; to be changed by the data scientist
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gatehouse.errors import GatehouseError

DATA_SCIENTIST, DATA_ENGINEER, RISK_OWNER = "data scientist", "data engineer", "risk owner"
LONGEST_TEXT = 500


@contextmanager
def user_code(
    kind: type[GatehouseError], file: Path, what: str, owner: str, passing: tuple[type[Exception], ...] = ()
) -> Iterator[None]:
    """Turn what the block raises into an error of `kind` that names file, line, exception and owner.

    Args:
        kind: the named error to raise.
        file: the file of the use case that the code is in; its folder is what counts as the use case's own code.
        what: what was called, as the reader knows it: `features()`.
        owner: who changes the file.
        passing: errors of ours that the caller names itself.

    Errors that have a name already pass as they are.
    """
    named: tuple[type[Exception], ...] = (GatehouseError, *passing)
    try:
        yield
    except named:
        raise
    except (Exception, SystemExit) as error:
        where = place(error, file)
        raise kind(f"{what} raised {described(error, file.parent)}", where=where, owner=owner) from error


def place(error: BaseException, file: Path) -> str:
    """Return `file:line` of the deepest call in the use case's own code, or the file alone where none is in it."""
    for path, line in reversed(_frames(error)):
        if path.is_relative_to(file.parent):
            return f"{path}:{line}"
    return str(file)


def described(error: BaseException, folder: Path | None = None) -> str:
    """Return type and message of an exception, and the line of the library that raised it when it is not in `folder`."""
    text = " ".join(str(error).split())[:LONGEST_TEXT]
    sentence = f"{type(error).__name__}: {text}" if text else f"{type(error).__name__} without a message"
    deepest = _frames(error)[-1:]
    for path, line in deepest:
        if folder is None or not path.is_relative_to(folder):
            return f"{sentence} ({'/'.join(path.parts[-3:])}, line {line})"
    return sentence


def _frames(error: BaseException) -> list[tuple[Path, int]]:
    """The calls that led to the exception, the deepest last. Code that is no Python ends at its own line."""
    calls = [(Path(frame.f_code.co_filename), line) for frame, line in traceback.walk_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        calls.append((Path(error.filename), error.lineno))
    return calls
