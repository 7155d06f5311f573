"""What a server answers over HTTP: predictions with what made them, and refusals that say why."""

from __future__ import annotations

import hashlib
import io

import pyarrow as pa
import pytest

from gatehouse.core.contract.batch_calendar import batch_interval
from gatehouse.serving.options import ServingOptions
from support.rides import ctx, folder, looped, open_site  # noqa: F401 - four of them are fixtures
from support.served import json_rows, served

STREAM = "application/vnd.apache.arrow.stream"


@pytest.fixture
def server(looped, ledger_database):
    with served(looped, ledger_database.url) as running:
        yield running


@pytest.fixture
def expected(looped):
    """The scores that the batch has, by key."""
    return looped.lake.frame(looped.ledger.batches.predictions("rides")[-1].file).set_index("key")["score"]


def test_an_answer_has_the_scores_of_the_batch_and_says_what_made_them(server, looped, expected):
    """One row or many: the very scores of the batch, in the order of the rows, with version, generation and sha256 in the
    body and in the headers."""
    for count in (1, 50):
        answer = server.ask(json_rows(looped, "2024-04", count))
        assert answer.status_code == 200, answer.text
        found = answer.json()
        scores = [each["score"] for each in found["predictions"]]
        assert scores == pytest.approx([expected[each["key"]] for each in found["predictions"]], abs=1e-12)
        assert len(scores) == count
        champion = looped.ledger.models.champion("rides")
        assert found["model"] == {"version": 1, "generation": 1, "sha256": champion.model.file.sha256}
        assert found["notices"] == []
        assert answer.headers["gatehouse-model-version"] == "1"
        assert answer.headers["gatehouse-model-sha256"] == champion.model.file.sha256
        assert answer.headers["gatehouse-champion-unconfirmed-seconds"] == "0"


def stream_of(table, compression=None):
    """A table as Arrow's stream."""
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as stream:
        stream.write_table(table)
    return sink.getvalue()


def test_arrow_goes_in_and_comes_out(server, looped, expected):
    """A table as Arrow's stream, compressed and with a dictionary, is answered by one with keys, scores and what made them."""
    frame = looped.source.fetch("2024-04", batch_interval("month", "2024-04"))["rows"].head(30)
    table = pa.Table.from_pandas(frame, preserve_index=False)
    place = table.column_names.index("group")
    table = table.set_column(place, "group", table["group"].dictionary_encode())
    answer = server.client.post(
        "/v1/rides/predictions", content=stream_of(table, "zstd"), headers={"Content-Type": STREAM}
    )
    assert answer.status_code == 200, answer.text
    found = pa.ipc.open_stream(answer.content).read_all().to_pandas()
    assert list(found.columns) == ["key", "score", "version", "sha256", "generation"]
    assert found["score"].tolist() == pytest.approx(expected[found["key"]].tolist(), abs=1e-12)


def test_a_row_that_breaks_the_contract_is_refused_with_rule_column_row_and_value(server, looped):
    """No row of the request is predicted: nothing is guessed. A declared column that is absent is not taken for null."""
    rows = json_rows(looped, "2024-04", 3)
    rows[1]["amount"] = "many"
    rows[2]["id"] = None
    answer = server.ask(rows)
    assert answer.status_code == 422
    problems = answer.json()["error"]["problems"]
    assert [(each["row"], each["columns"], each["rule"], each["value"]) for each in problems] == [
        (1, ["amount"], "type number", "'many'"),
        (2, ["id"], "a key is never null", "null"),
    ]
    absent = {name: value for name, value in rows[0].items() if name != "group"}
    (problem,) = server.ask([rows[0], absent]).json()["error"]["problems"]
    assert (problem["row"], problem["columns"]) == (1, ["group"])


def test_an_expectation_about_rows_refuses_with_its_reason(looped, folder, open_site, ledger_database):
    """A critical expectation about rows has its own words in the refusal; a null is not looked at by it."""
    text = (folder / "contract.yaml").read_text()
    rule = (
        "      - expect: expect_column_values_to_be_between\n        severity: critical\n"
        "        reason: nobody pays less than nothing\n        args: {column: amount, min_value: 0}\n"
    )
    (folder / "contract.yaml").write_text(text.replace("    expectations:\n", f"    expectations:\n{rule}", 1))
    ctx = open_site()
    ctx.lake = looped.lake
    with served(ctx, ledger_database.url) as running:
        rows = json_rows(looped, "2024-04", 2)
        rows[0]["amount"], rows[1]["amount"] = None, -1
        (problem,) = running.ask(rows).json()["error"]["problems"]
    assert (problem["row"], problem["value"], problem["reason"]) == (1, "-1.0", "nobody pays less than nothing")
    assert problem["rule"] == "expect_column_values_to_be_between(column=amount, min_value=0)"


@pytest.mark.parametrize(
    ("body", "kind", "status", "said"),
    [
        (b"{", "application/json", 400, "not JSON"),
        (b'{"row": []}', "application/json", 400, "another object"),
        (b'{"rows": [1]}', "application/json", 400, "row 0 of `rows` is no object"),
        (b'{"rows": []}', "application/json", 400, "there are no rows"),
        (b'{"rows": [{"a": 1, "a": 2}]}', "application/json", 400, "appears twice"),
        (b'{"rows": [], "tables": {"weather": []}}', "application/json", 400, "there are no rows"),
        (b"no arrow", STREAM, 400, "no Arrow stream"),
        (b"a,b", "text/csv", 415, "text/csv"),
    ],
)
def test_a_body_that_is_none_says_what_is_allowed(server, body, kind, status, said):
    """Whatever is sent, the answer has a status of its own and a sentence."""
    answer = server.client.post("/v1/rides/predictions", content=body, headers={"Content-Type": kind})
    assert (answer.status_code, said in answer.json()["error"]["message"]) == (status, True), answer.text


def test_tokens_rates_and_sizes_are_limits(looped, ledger_database, tmp_path):
    """Another token and none are 401, a token of another use case too, but not for the documents; a file of tokens is read again when it changes. Too
    large is 413, too often 429 with the time to wait."""
    file = tmp_path / "tokens"
    file.write_text("rides:0123456789abcdef\nother:fedcba9876543210\n")
    options = ServingOptions(max_body_mib=0.01, rate=5)
    with served(looped, ledger_database.url, options, {"GATEHOUSE_SERVING_TOKENS_FILE": str(file)}) as running:
        rows = json_rows(looped, "2024-04", 1)
        statuses = [
            running.ask(rows, headers={"Authorization": f"Bearer {token}"} if token else {}).status_code
            for token in ("0123456789abcdef", "fedcba9876543210", "0123456789abcdeX", "")
        ]
        assert statuses == [200, 401, 401, 401]
        for path in ("/docs", "/openapi.json"):
            assert running.client.get(path).status_code == 401
            reader = {"Authorization": "Bearer fedcba9876543210"}
            assert running.client.get(path, headers=reader).status_code == 200
        file.write_text("0123456789abcdeX")
        shown = {"Authorization": "Bearer 0123456789abcdeX"}
        assert running.ask(rows, headers=shown).status_code == 200
        assert running.ask(rows * 200, headers=shown).status_code == 413
        answers = [running.ask(rows, headers=shown) for _ in range(6)]
        assert 429 in {answer.status_code for answer in answers}
        assert all(answer.headers["retry-after"] for answer in answers if answer.status_code == 429)
        assert hashlib.sha256(b"0123456789abcdeX").hexdigest() not in running.client.get("/metrics").text


def test_health_readiness_measures_and_the_document_need_no_question(server, looped):
    """`/healthz` and `/readyz` say what serves, `/metrics` counts rows and requests, and the OpenAPI document has the rows
    of the contract with the rules that refuse them."""
    server.ask(json_rows(looped, "2024-04", 7))
    assert "/v1/rides/predictions" in server.client.get("/v1/nowhere/predictions").json()["error"]["message"]
    assert server.client.get("/healthz").json() == {"status": "alive"}
    ready = server.client.get("/readyz")
    assert (ready.status_code, ready.json()["use_cases"]["rides"]["version"]) == (200, 1)
    assert server.client.get("/v1/rides").json()["model"]["version"] == 1
    measures = server.client.get("/metrics").text
    assert 'gatehouse_serving_rows_total{use_case="rides"} 7.0' in measures
    assert 'gatehouse_serving_requests_total{status="200",use_case="rides"} 1.0' in measures
    described = server.client.get("/openapi.json").json()["paths"]["/v1/rides/predictions"]["post"]
    row = described["requestBody"]["content"]["application/json"]["schema"]["properties"]["rows"]["items"]
    assert row["properties"]["amount"] == {"type": ["number", "null"]}
    assert "id are never null" in described["responses"]["422"]["description"]


def test_without_a_champion_the_server_says_so_and_waits(ctx, ledger_database):
    """Not ready, and 503 with the reason and when to try again."""
    with served(ctx, ledger_database.url) as running:
        assert running.client.get("/readyz").status_code == 503
        answer = running.ask([{"id": "a", "at": "2024-01-01T00:00:00Z", "group": "a", "amount": 1}])
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert "rides has no champion yet" in answer.json()["error"]["message"]
