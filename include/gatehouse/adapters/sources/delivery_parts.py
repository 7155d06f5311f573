"""The bytes of a delivery, one file or the parts of a folder, as one table or as one file that keeps them all."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

from gatehouse.adapters.sources.compression import plain_name, unpacked
from gatehouse.adapters.sources.file_formats import is_text, read_table
from gatehouse.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from gatehouse.core.config.dialect import Dialect


def table_of(files: Mapping[str, bytes], where: str, suffix: str, dialect: Dialect) -> pd.DataFrame:
    """The table of a folder's part files, in the order of their names. SourceError names a part that cannot be read, and
    one whose columns are not those of the first."""
    import pandas as pd

    if not files:
        raise SourceError(f"{where}: the folder holds no data file; a table has at least a header")
    strange = [name for name in files if not plain_name(name).endswith(plain_name(suffix))]
    if strange:
        raise SourceError(f"{where}: found the part {strange[0]}; every part must end in {suffix}, as the pattern does")
    names = sorted(files)
    frames = [read_table(files[name], f"{where}/{name}", dialect) for name in names]
    first = _columns(files[names[0]], frames[0], names[0])
    for name, frame in zip(names[1:], frames[1:], strict=True):
        columns = _columns(files[name], frame, name)
        if columns != first:
            raise SourceError(f"{where}: {_difference(names[0], first, name, columns)}; a table has one schema")
    return pd.concat([frame for frame in frames if len(frame)] or frames[:1], ignore_index=True)


def kept(files: Mapping[str, bytes]) -> bytes:
    """The parts of a folder as one tar archive; equal parts give equal bytes."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in sorted(files):
            member = tarfile.TarInfo(name)
            member.size = len(files[name])
            tar.addfile(member, io.BytesIO(files[name]))
    return archive.getvalue()


def _columns(data: bytes, frame: pd.DataFrame, name: str) -> dict[str, str]:
    """The columns by their type in the file: the values of one part may need another type in memory."""
    if is_text(name):
        return {str(column): "text" for column in frame.columns}
    import pyarrow as pa
    import pyarrow.parquet as pq

    return {field.name: str(field.type) for field in pq.read_schema(pa.BufferReader(unpacked(data, name)))}


def _difference(first: str, columns: Mapping[str, str], name: str, others: Mapping[str, str]) -> str:
    if list(columns) != list(others):
        return f"{name} has the columns {', '.join(others)}, {first} has {', '.join(columns)}"
    column = next(column for column in columns if columns[column] != others[column])
    return f"column {column!r} is {others[column]} in {name} and {columns[column]} in {first}"
