"""What servers answered is in the lake, and is the next batch where the contract says so."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from gatehouse.adapters.served_rows import open_served_rows
from gatehouse.adapters.sources import open_source
from gatehouse.adapters.sources.served import ServedSource
from gatehouse.core.contract.batch_calendar import batch_interval, batch_key
from gatehouse.errors import ConfigurationError, ServiceUnavailableError, SourceVanishedError
from gatehouse.use_case import load
from support.rides import ctx, folder, looped, open_site  # noqa: F401 - four of them are fixtures
from support.served import json_rows, served

SOURCE = "source: {kind: python, module: source}"
SERVED = "source: {kind: served, outcomes: {kind: python, module: source}}"


@pytest.fixture
def contract(folder):
    """The contract with served rows as its source."""
    text = (folder / "contract.yaml").read_text()
    (folder / "contract.yaml").write_text(text.replace(SOURCE, SERVED))
    return load(folder).contract


def test_what_was_answered_is_logged_and_is_the_next_batch(looped, ledger_database, tmp_path, contract):
    """Each answered row is in the lake with its key, score and version; refused rows are not. When the interval has ended,
    the rows are the batch, each as it was asked about last."""
    rows = open_served_rows(str(tmp_path / "lake"))
    with served(looped, ledger_database.url, rows=rows) as running:
        asked = json_rows(looped, "2024-04", 5)
        assert running.ask(asked).status_code == 200
        time.sleep(0.5)
        assert running.ask([{**asked[0], "amount": 77.5}]).status_code == 200
        assert running.ask([{**asked[0], "amount": "many"}]).status_code == 422
    now = datetime.now(UTC)
    files = rows.files("rides", now.date() - timedelta(days=1), now.date())
    logged = pd.concat([rows.read(file) for file in files])
    assert (len(files), len(logged)) == (2, 6)
    assert set(logged["gh_version"]) == {1}
    assert logged["gh_score"].between(0, 1).all()
    key = batch_key("month", now)
    later = batch_interval("month", key).end + timedelta(hours=1)
    source = ServedSource(contract, rows, looped.source, lambda: later)
    assert source.available() == [key]
    batch = source.fetch(key, batch_interval("month", key))["rows"]
    assert list(batch.columns) == ["id", "at", "group", "amount"]
    assert sorted(batch["id"]) == sorted(row["id"] for row in asked)
    assert batch.set_index("id").loc[asked[0]["id"], "amount"] == 77.5
    assert len(source.outcomes("2024-04", batch_interval("month", "2024-04"))) == 2000


def test_nothing_is_available_before_the_interval_has_ended_or_without_answers(tmp_path, looped, contract):
    """An interval that goes on, one without answers, and a lake without served rows give no batch."""
    rows = open_served_rows(str(tmp_path / "lake"))
    assert ServedSource(contract, rows, looped.source).available() == []
    at = pd.Timestamp("2024-05-31T23:59:58Z")
    frame = pd.DataFrame({"id": ["a"], "at": [at], "group": ["a"], "amount": [1.0], "gh_served_at": [at]})
    rows.append("rides", frame, at.to_pydatetime() + timedelta(seconds=5))  # written on the next day
    during, after = datetime(2024, 6, 1, 0, 0, 30, tzinfo=UTC), datetime(2024, 8, 1, 1, tzinfo=UTC)
    assert ServedSource(contract, rows, looped.source, lambda: during).available() == []
    source = ServedSource(contract, rows, looped.source, lambda: after)
    assert source.available() == ["2024-05"]
    assert source.fingerprint("2024-05") != source.fingerprint("2024-07")
    with pytest.raises(SourceVanishedError, match="nothing was answered in 2024-07"):
        source.fetch("2024-07", batch_interval("month", "2024-07"))


def test_a_served_source_has_one_table(folder):
    """The contract says so by name, where a second table is declared."""
    text = (folder / "contract.yaml").read_text().replace(SOURCE, SERVED)
    more = "  more:\n    key: [id]\n    columns: {id: string}\noutcomes:"
    (folder / "contract.yaml").write_text(text.replace("outcomes:\n", f"{more}\n", 1))
    with pytest.raises(ConfigurationError, match="a served source has one table"):
        load(folder)


def test_a_served_source_opens_with_the_lake_of_the_environment(folder, contract, tmp_path, monkeypatch):
    """The lake of the installation is where its servers write."""
    monkeypatch.setenv("GATEHOUSE_LAKE", str(tmp_path / "lake"))
    assert open_source(contract, folder).available() == []


def test_answers_wait_for_a_lake_that_is_away(looped, ledger_database, tmp_path, monkeypatch):
    """While the lake is away no request fails, and what was answered is written when it is back."""
    rows = open_served_rows(str(tmp_path / "lake"))
    with served(looped, ledger_database.url, rows=rows) as running:
        with monkeypatch.context() as broken:

            def away(*_):
                raise ServiceUnavailableError("the lake does not answer")

            broken.setattr(rows, "append", away)
            assert running.ask(json_rows(looped, "2024-04", 3)).status_code == 200
            time.sleep(0.5)
            assert rows.days("rides") == []
        time.sleep(0.5)
        (file,) = rows.files("rides", datetime.now(UTC).date() - timedelta(days=1), datetime.now(UTC).date())
        assert len(rows.read(file)) == 3
