"""Code of a use case is called here: whatever it raises becomes one named error of one shape.

with user_code(ModelError, folder / "model.py", "features()", DATA_SCIENTIST):
    features = model.features(tables)

model.py:12: features() raised KeyError: 'group'; to be changed by the data scientist
"""

from __future__ import annotations

import sysconfig
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gatehouse.errors import GatehouseError

DATA_SCIENTIST, DATA_ENGINEER, RISK_OWNER = "data scientist", "data engineer", "risk owner"
LONGEST_TEXT = 500
_LIBRARIES = (
    *map(Path, {sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")}),
    Path(__file__).parent,
)


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
    """Return type and message of an exception with the line that raised it, unless that line is in `folder`.

    Of code that a library calls (a function of a use case within a scikit-learn pipeline) the line is that of the code,
    not that of the library below it.
    """
    text = " ".join(str(error).splitlines()).strip()[:LONGEST_TEXT]
    sentence = f"{type(error).__name__}: {text}" if text else f"{type(error).__name__} without a message"
    frames = _frames(error)
    deepest = [frame for frame in frames if not is_library(frame[0])] or frames
    if not deepest or (folder is not None and deepest[-1][0].is_relative_to(folder)):
        return sentence
    path, line = deepest[-1]
    return f"{sentence} ({'/'.join(path.parts[-3:])}, line {line})"


def is_library(path: Path) -> bool:
    """Whether the file is part of Python, of an installed package or of Gatehouse itself; or is no file."""
    return not path.is_absolute() or any(path.is_relative_to(root) for root in _LIBRARIES)


def _frames(error: BaseException) -> list[tuple[Path, int]]:
    """The calls that led to the exception, the deepest last. Code that is no Python ends at its own line."""
    calls = [(Path(frame.f_code.co_filename), line) for frame, line in traceback.walk_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        calls.append((Path(error.filename), error.lineno))
    return calls
