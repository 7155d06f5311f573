"""Arrow's CSV reader for the files that it reads exactly as Python's does: all quotes are around whole fields, and there is no
`escape`, `comment` or `footer`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gatehouse.core.config.dialect import NO_QUOTE

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from gatehouse.core.config.dialect import Dialect

_BLOCK = 2**24
_LONE_RETURN = re.compile(r"\r(?!\n)")


def columns(text: str, header: Sequence[str], header_records: int, dialect: Dialect) -> list[Any] | None:
    """The fields below the header by column; None where Python's reader must read the file, or name what is wrong."""
    import pyarrow as pa
    from pyarrow import csv

    if dialect.escape or dialect.comment or dialect.footer or _LONE_RETURN.search(text):
        return None
    body = below(text, dialect.skip, header_records)
    above = text[: len(text) - len(body)]
    try:
        data = body.encode()
    except UnicodeEncodeError:
        return None
    quoted = dialect.quote != NO_QUOTE and dialect.quote in text
    if quoted and (
        any(line.count(dialect.quote) % 2 for line in above.split("\n"))
        or not are_around_fields(data, dialect.quote.encode(), dialect.delimiter.encode())
    ):
        return None
    if not body.strip("\r\n"):
        return [pa.chunked_array([], pa.string()) for _ in header]
    names = [str(number) for number in range(len(header))]
    try:
        table = csv.read_csv(
            pa.BufferReader(data),
            csv.ReadOptions(use_threads=False, block_size=_BLOCK, column_names=names),
            csv.ParseOptions(
                delimiter=dialect.delimiter,
                quote_char=dialect.quote if quoted else False,
                newlines_in_values=quoted,
                ignore_empty_lines=True,
            ),
            csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
            ),
        )
    except pa.ArrowException:
        return None
    return list(table.columns)


def are_around_fields(data: bytes, quote: bytes, delimiter: bytes) -> bool:
    """Whether each quote opens or closes a whole field, or is a doubled one inside: every other quote opens, and each has the
    end of a field, or another quote, on its outer side."""
    import numpy as np

    if len(quote) > 1 or len(delimiter) > 1:  # Python's reader takes them
        return False
    text = np.frombuffer(b"\n" + data + b"\n", dtype=np.uint8)
    found = np.flatnonzero(text == quote[0])
    outside = np.concatenate([text[found[::2] - 1], text[found[1::2] + 1]])
    ends = np.isin(outside, [quote[0], delimiter[0], ord("\n")])
    ends[len(found[::2]) :] |= outside[len(found[::2]) :] == ord("\r")
    return len(found) % 2 == 0 and bool(ends.all())


def frame(header: Sequence[str], columns: Sequence[Any]) -> pd.DataFrame:
    """The columns as texts of pandas."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    text = pd.StringDtype(na_value=np.nan)
    table = pa.table(list(columns), names=[str(number) for number in range(len(header))])
    read: pd.DataFrame = table.to_pandas(types_mapper=lambda _: text, use_threads=False)
    return read.set_axis(list(header), axis=1)


def below(text: str, skip: int, records: int) -> str:
    """The text without its first lines and records; blank lines are none."""
    start, left = 0, skip
    while start < len(text) and (left or records):
        end = text.find("\n", start) + 1 or len(text)
        if left:
            left -= 1
        elif text[start:end].strip("\r\n"):
            records -= 1
        start = end
    return text[start:]
