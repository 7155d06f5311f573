"""A large CSV as tables of some thousand rows: what Arrow's reader reads, in blocks that end where a row ends.

Each block is read under the file's own header, so its values are those of the whole file. PartsDifferError says that the file
has to be read as a whole: its quotes are not around whole fields, or something in it is wrong and must be named by its line.
"""

from __future__ import annotations

import codecs
from typing import IO, TYPE_CHECKING

from gatehouse.adapters.sources import csv_arrow
from gatehouse.adapters.sources.compression import unpacked
from gatehouse.adapters.sources.csv_text import read_csv
from gatehouse.core.config.dialect import NO_QUOTE
from gatehouse.ports import PartsDifferError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from gatehouse.core.config.dialect import Dialect

BLOCK = 2**24  # bytes
_LONGEST = 2**28  # bytes without the end of a row
_PLAIN = ("utf-8", "ascii", "iso8859", "cp125")  # encodings in which a line break and a quote are one byte of their own


def read_blocks(stream: IO[bytes], name: str, dialect: Dialect) -> Iterator[pd.DataFrame]:
    """The tables below each other; at least one."""
    encoding = codecs.lookup(dialect.encoding).name
    if dialect.escape or dialect.comment or dialect.footer or not encoding.startswith(_PLAIN):
        raise PartsDifferError(name)
    quote = b"" if dialect.quote == NO_QUOTE else dialect.quote.encode(encoding)
    head = None
    for block in _blocks(stream, quote, name):
        if head is None:
            text = unpacked(block, name).decode("utf-8-sig" if encoding == "utf-8" else encoding)
            head = text[: len(text) - len(csv_arrow.below(text, dialect.skip, dialect.header))]
            yield read_csv(text, name, dialect, in_parts=True)
        else:
            yield read_csv(head + block.decode(encoding), name, dialect, in_parts=True)


def _blocks(stream: IO[bytes], quote: bytes, name: str) -> Iterator[bytes]:
    """The bytes up to the last end of a row in each block, and what is left at the end."""
    rest = b""
    while data := stream.read(BLOCK):
        rest += data
        end = _end_of_row(rest, quote)
        if end:
            yield rest[:end]
            rest = rest[end:]
        elif len(rest) > _LONGEST:
            raise PartsDifferError(name)
    if rest:
        yield rest


def _end_of_row(data: bytes, quote: bytes) -> int:
    """Behind the last line break that stands outside of quotes; 0 where there is none."""
    end = data.rfind(b"\n") + 1
    inside = quote and data.count(quote, 0, end) % 2
    while end and inside:
        before = data.rfind(b"\n", 0, end - 1) + 1
        inside = (inside + data.count(quote, before, end)) % 2
        end = before
    return end
