"""Tokens, rates, the line of questions and the rows of JSON: what a server decides without a model."""

from __future__ import annotations

import asyncio
import io
import threading

import numpy as np
import pyarrow as pa
import pytest

from gatehouse.errors import ConfigurationError, GatehouseError, InvalidInputError, ServiceUnavailableError
from gatehouse.serving.arrow_body import read_arrow
from gatehouse.serving.batcher import Batcher
from gatehouse.serving.json_rows import frame_of, parse
from gatehouse.serving.options import ServingOptions
from gatehouse.serving.question import Question
from gatehouse.serving.rate_limit import RateLimit
from gatehouse.serving.server import refuse_open_door
from gatehouse.serving.tokens import TokenFile, Tokens

LONG = "0123456789abcdef"


def test_a_token_opens_its_use_case_alone():
    """A token of one use case opens no other one; a token without a name opens all; without tokens nobody shows one."""
    tokens = Tokens.parse(f"rides:{LONG}\n{LONG.upper()}", "file")
    assert [tokens.allow("rides", LONG), tokens.allow("flights", LONG)] == [True, False]
    assert tokens.allow("flights", LONG.upper())
    assert not tokens.allow("rides", "")
    assert [tokens.allow_any(LONG), tokens.allow_any(""), Tokens({}).allow_any("")] == [True, False, True]
    assert Tokens({}).allow("rides", "")
    assert LONG not in repr(tokens)


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"GATEHOUSE_SERVING_TOKENS": "rides:short"}, "token 1 is too short"),
        ({"GATEHOUSE_SERVING_TOKENS_FILE": "/nowhere/tokens"}, "cannot be read"),
        ({"GATEHOUSE_SERVING_TOKENS_FILE": "/dev/null"}, "holds no token"),
    ],
)
def test_tokens_that_cannot_be_meant_stop_the_server(environment, said):
    """A short token, a missing file and an empty one are errors at the start, not an open door."""
    with pytest.raises(ConfigurationError, match=said):
        _ = TokenFile(environment).tokens


def test_a_server_that_others_reach_needs_tokens():
    """Without tokens only this machine may reach it."""
    for host in ("127.0.0.1", "::1", "localhost"):
        refuse_open_door(ServingOptions(host=host), TokenFile({}))
    for host in ("0.0.0.0", "192.168.1.4", "gate.example"):
        with pytest.raises(ConfigurationError, match="needs tokens"):
            refuse_open_door(ServingOptions(host=host), TokenFile({}))
        refuse_open_door(ServingOptions(host=host), TokenFile({"GATEHOUSE_SERVING_TOKENS": LONG}))


def test_a_rate_is_kept_by_caller_and_recovers():
    """Each caller has a bucket of its own, which fills with time."""
    now = [0.0]
    limit = RateLimit(2, lambda: now[0])
    assert [limit.wait("ann"), limit.wait("ann"), limit.wait("ben")] == [0, 0, 0]
    assert limit.wait("ann") == pytest.approx(0.5)
    now[0] = 0.6
    assert limit.wait("ann") == 0
    assert RateLimit(0).wait("ann") == 0


def test_digits_stay_and_what_is_absent_is_no_null():
    """A number with a point keeps its digits; a column that a row lacks is a problem of that row."""
    rows = parse(b'{"rows": [{"a": 0.10, "b": null}, {"a": 9007199254740993, "b": "x"}]}')["rows"]
    frame, problems = frame_of("t", rows, ["a", "b"])
    assert (frame["a"].tolist(), problems) == (["0.10", 9007199254740993], [])
    _, problems = frame_of("t", [*rows, {"a": 1}], ["a", "b"])
    assert [(each.row, each.columns) for each in problems] == [(2, ("b",))]
    with pytest.raises(InvalidInputError, match="appears twice"):
        parse(b'{"rows": [{"a": 1, "a": 2}]}')


ZEROS, LONG_TEXT = pa.array(np.zeros(1_000_000, dtype="int8")), pa.array(["x" * 10_000])
NOTHING = pa.Array.from_buffers(pa.null(), 2**31 - 2, [None])


@pytest.mark.parametrize(
    ("column", "codec", "said"),
    [
        (ZEROS.cast("float64"), "zstd", "8,000,000 bytes once it is decoded"),
        (ZEROS.cast("float64"), "lz4", "8,000,000 bytes once it is decoded"),
        (pa.DictionaryArray.from_arrays(ZEROS, LONG_TEXT), None, "10,008,000,000 bytes"),
        (NOTHING, None, "17,179,869,168 bytes"),
        (pa.array([[1], [2]]), None, "a column is of type list"),
    ],
)
def test_few_bytes_that_stand_for_many_are_refused_before_they_are_decoded(column, codec, said):
    """Compressed zeros, a dictionary's long text, rows of nothing: the sizes that the messages name count."""
    table, sink = pa.table({"amount": column}), io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression=codec)) as stream:
        stream.write_table(table)
    with pytest.raises(GatehouseError, match=said):
        read_arrow(sink.getvalue(), 500_000)


def asked_together(together, questions):
    """What the thread was given at each turn, where all questions but the first come while it is busy."""
    turns, busy, free = [], threading.Event(), threading.Event()

    def answer(given):
        turns.append(len(given))
        busy.set()
        free.wait(5)
        return [InvalidInputError(str(len(each.rows)), found="x", allowed="y") for each in given]

    async def run():
        batcher = Batcher(answer, lambda: together, most_waiting=len(questions) - 1)
        first = asyncio.create_task(batcher.ask(questions[0]))
        await asyncio.to_thread(busy.wait, 5)
        others = [asyncio.create_task(batcher.ask(each)) for each in questions[1:]]
        await asyncio.sleep(0)
        with pytest.raises(ServiceUnavailableError, match="in line already"):
            await batcher.ask(questions[0])
        free.set()
        found = await asyncio.gather(first, *others, return_exceptions=True)
        batcher.close()
        return [each.what for each in found]

    return turns, asyncio.run(run())


def test_questions_that_come_meanwhile_are_answered_together_each_with_its_own():
    """What waits is taken at once where that changes no answer, one by one where it might; a full line refuses."""
    questions = [Question([{}] * count) for count in (1, 2, 3, 4)]
    assert asked_together(True, questions) == ([1, 3], ["1", "2", "3", "4"])
    assert asked_together(False, questions) == ([1, 1, 1, 1], ["1", "2", "3", "4"])
    sides = [*questions[:2], Question([{}] * 3, {"weather": []}), questions[3]]
    assert asked_together(True, sides) == ([1, 1, 1, 1], ["1", "2", "3", "4"])
