"""Bodies of requests and answers: JSON, or Arrow's IPC stream."""

from __future__ import annotations

import io
import json
from typing import Any

from gatehouse.serving import json_rows
from gatehouse.serving.arrow_body import read_arrow
from gatehouse.serving.question import Answer, Question

JSON, ARROW = "application/json", "application/vnd.apache.arrow.stream"


def read_question(body: bytes, content_type: str, most_body: int) -> Question:
    """The question in a body; InvalidInputError says what is wrong with it, RefusedError that it is too large."""
    if content_type == ARROW:
        return Question(read_arrow(body, most_body))
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


def _write_arrow(answer: Answer) -> bytes:
    import pyarrow as pa

    table = pa.Table.from_pandas(answer.predictions, preserve_index=False).replace_schema_metadata(None)
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue()
