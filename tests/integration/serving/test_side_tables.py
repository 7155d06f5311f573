"""A use case of two tables whose features look at other rows, served."""

from __future__ import annotations

import sys

import pytest

from gatehouse.own_code import module_name
from support.rides import FOUR_MONTHS, ctx, folder, open_site, take  # noqa: F401 - three of them are fixtures
from support.served import json_rows, served

MODEL = (
    'return tables["rows"][["group", "amount"]]',
    'rows = tables["rows"].merge(tables["weather"], on="group", how="left")\n'
    '    return rows.assign(amount=rows["amount"] + rows["wind"], group=rows["group"])[["group", "amount"]]',
)
CROWD = ('amount=rows["amount"] + rows["wind"]', 'amount=rows.groupby("group")["id"].transform("size") + rows["wind"]')
SOURCE = (
    'return {"rows": _made(key, interval).drop(columns="label")}',
    'weather = pd.DataFrame({"group": ["a", "b", "c"], "wind": [1.0, 2.0, float(key[-1])]})\n'
    '    return {"rows": _made(key, interval).drop(columns="label"), "weather": weather}',
)
CONTRACT = (
    "outcomes:\n  key",
    "  weather:\n    key: [group]\n    columns: {group: string, wind: number}\n    expectations:\n"
    "      - {expect: expect_column_values_to_be_between, severity: critical, reason: no gust is stronger,"
    " args: {column: wind, max_value: 200}}\noutcomes:\n  key",
)


def edit(file, old, new):
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


@pytest.fixture
def two_tables(folder, open_site):
    """Four months of rides with the weather of each group."""
    for name, change in (("model.py", MODEL), ("source.py", SOURCE), ("contract.yaml", CONTRACT)):
        edit(folder / name, *change)
    ctx = open_site()
    for key in FOUR_MONTHS:
        take(ctx, key)
    return ctx


def test_tables_beside_the_main_one_are_the_newest_accepted_or_those_of_the_request(two_tables, ledger_database):
    """Without them the answer says whose they are; with them they are used; a bad row of one, or an unknown one, is
    refused by name."""
    with served(two_tables, ledger_database.url) as running:
        rows = [{**json_rows(two_tables, "2024-04", 1)[0], "group": "c"}]
        newest = running.ask(rows).json()
        assert newest["side_tables_of"] == "rides/2024-04.r1"
        assert newest["notices"] == []

        def ask(weather, name="weather"):
            body = {"rows": rows, "tables": {name: weather}}
            return running.client.post("/v1/rides/predictions", json=body)

        same, other = ask([{"group": "c", "wind": 4}]).json(), ask([{"group": "c", "wind": 190.5}]).json()
        assert same["predictions"] == newest["predictions"]
        assert same["side_tables_of"] is None
        assert other["predictions"][0]["score"] != newest["predictions"][0]["score"]
        (problem,) = ask([{"group": "c", "wind": 201}]).json()["error"]["problems"]
        assert (problem["table"], problem["columns"], problem["reason"]) == ("weather", ["wind"], "no gust is stronger")
        unknown = ask([{"group": "c"}], "wether")
        assert (unknown.status_code, "allowed: weather" in unknown.json()["error"]["message"]) == (400, True)


def test_features_of_other_rows_are_noticed_and_requests_stay_apart(two_tables, folder, open_site, ledger_database):
    """Where `features()` counts the rows of a request, the answer says so, and no row of another request is counted."""
    edit(folder / "model.py", *CROWD)
    sys.modules.pop(module_name(folder / "model.py"))  # a server starts with the code as it is
    ctx = open_site()
    ctx.lake = two_tables.lake
    with served(ctx, ledger_database.url) as running:
        found = running.ask(json_rows(two_tables, "2024-04", 5)).json()
        assert "features() makes amount out of the other rows" in found["notices"][0]
        assert running.case.follower.served.from_other_rows == ("amount",)
        assert running.client.get("/v1/rides").json()["features_from_other_rows"] == ["amount"]
