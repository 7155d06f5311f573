"""Bodies of requests and answers: JSON, or Arrow's IPC stream."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

from gatehouse.errors import InvalidInputError
from gatehouse.serving import json_rows
from gatehouse.serving.question import Answer, Question

if TYPE_CHECKING:
    import pandas as pd

JSON, ARROW = "application/json", "application/vnd.apache.arrow.stream"


def read_question(body: bytes, content_type: str) -> Question:
    """The question in a body; InvalidInputError says what is wrong with it."""
    if content_type == ARROW:
        return Question(_read_arrow(body))
    found = json_rows.parse(body)
    return Question(found["rows"], found.get("tables", {}))


def write_answer(answer: Answer, use_case: str, notices: list[str], content_type: str) -> bytes:
    """The answer as a body."""
    if content_type == ARROW:
        return _write_arrow(answer)
    document: dict[str, Any] = {
        "use_case": use_case,
        "model": answer.served.made_by,
        "predictions": answer.records(),
        "side_tables_of": answer.side_batch or None,
        "notices": notices,
    }
    return json.dumps(document, separators=(",", ":")).encode()


def _read_arrow(body: bytes) -> pd.DataFrame:
    import pandas as pd
    import pyarrow as pa

    try:
        with pa.ipc.open_stream(pa.py_buffer(body)) as stream:
            table = stream.read_all()
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        what = "the body is no Arrow stream"
        raise InvalidInputError(what, found=str(error)[:200], allowed="one table as an IPC stream") from error
    exact = {
        pa.int64(): pd.Int64Dtype(), pa.int32(): pd.Int32Dtype(), pa.int16(): pd.Int16Dtype(), pa.int8(): pd.Int8Dtype(),
        pa.uint64(): pd.UInt64Dtype(), pa.uint32(): pd.UInt32Dtype(), pa.uint16(): pd.UInt16Dtype(),
        pa.uint8(): pd.UInt8Dtype(), pa.bool_(): pd.BooleanDtype(),
    }  # fmt: skip
    plain = [column.dictionary_decode() if pa.types.is_dictionary(column.type) else column for column in table.columns]
    frame: pd.DataFrame = pa.table(plain, names=table.column_names).to_pandas(
        types_mapper=exact.get, ignore_metadata=True
    )
    return frame


def _write_arrow(answer: Answer) -> bytes:
    import pyarrow as pa

    table = pa.Table.from_pandas(answer.predictions, preserve_index=False).replace_schema_metadata(None)
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue()
