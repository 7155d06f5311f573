"""What one step raises is a sentence, and the rest of the backtest goes on."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gatehouse.errors import GatehouseError

LONGEST = 500  # characters of what was raised


@contextmanager
def kept(errors: list[str], step: str) -> Iterator[None]:
    """Keep what the block raises as a sentence: one broken batch must not end the whole backtest."""
    try:
        yield
    except Exception as error:
        errors.append(f"{step}: {sentence(error)}")


def sentence(error: Exception) -> str:
    """One line for a person; of an error that has no name of ours also the place in the code."""
    text = " ".join(str(error).splitlines()).strip()[:LONGEST] or "no message"
    if isinstance(error, GatehouseError):
        return text
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {text} ({Path(last.filename).name}, line {last.lineno})"
