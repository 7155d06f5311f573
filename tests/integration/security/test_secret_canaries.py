"""Secrets that a run works with are written nowhere (invariant I11)."""

from __future__ import annotations

import logging
import traceback
from typing import Any

import psycopg2
import pytest

from gatehouse.adapters.ledger import open_ledger
from gatehouse.bootstrap import open_context as open_installed
from gatehouse.errors import GatehouseError
from gatehouse.pipeline import land
from gatehouse.pipeline.validate import validate
from gatehouse.settings import Settings
from gatehouse.telemetry.probe import check_health
from support.rides import ctx, folder, open_site, take  # noqa: F401 - three of them are fixtures

CANARY = "canary-3f9c1e7a"


def everything_in(url: str) -> str:
    """Every value of every table of the ledger, as text."""
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'gatehouse'")
        names = [name for (name,) in cursor.fetchall()]
        texts = []
        for name in names:
            cursor.execute(f"SELECT coalesce(string_agg(t::text, chr(10)), '') FROM gatehouse.\"{name}\" t")
            texts.append(cursor.fetchone()[0])
    assert len(names) > 15
    return "\n".join(texts)


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch, ledger_database) -> list[str]:
    """Canaries in everything that a task's environment holds, and the password that the ledger is really opened with."""
    for name in ("AWS_SECRET_ACCESS_KEY", "MLFLOW_TRACKING_PASSWORD", "AIRFLOW__CORE__FERNET_KEY",
                 "AIRFLOW__API_AUTH__JWT_SECRET", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "SOURCE_URL"):  # fmt: skip
        monkeypatch.setenv(name, f"postgresql://user:{CANARY}@nowhere/x" if name.endswith(("URL", "CONN")) else CANARY)
    return [CANARY, psycopg2.extensions.parse_dsn(ledger_database.url)["password"]]


def test_a_run_with_failures_writes_no_secret(
    ctx: Any, secrets: list[str], ledger_database, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Three months through all stages, one delivery that changed its schema, a candidate that cannot be fitted: no secret
    in the ledger, in any file of the lake, in what MLflow was told, in a log or on a terminal."""
    caplog.set_level(logging.INFO)
    ctx.source.change["2024-04"] = lambda frame: frame.drop(columns=frame.columns[-1])
    for key in ("2024-01", "2024-02", "2024-03"):
        take(ctx, key)
    broken = land.land(ctx, "2024-04")
    assert validate(ctx, broken.id).state == "quarantined"
    assert ctx.ledger.models.champion("rides") is not None
    told = capfd.readouterr()
    places = {
        "ledger": everything_in(ledger_database.url),
        "lake": "\n".join(data.decode("latin-1") for data in ctx.lake.files.values()),
        "mlflow": repr(vars(ctx.tracking)),
        "logs": caplog.text,
        "terminal": told.out + told.err,
    }
    assert "2024-04" in places["ledger"]
    assert len(places["lake"]) > 10_000
    assert {(place, secret) for place, text in places.items() for secret in secrets if secret in text} == set()


def test_errors_about_services_name_them_without_their_secrets(tmp_path, secrets: list[str]) -> None:
    """A ledger, an MLflow and a lake that do not answer, opened with canaries in their addresses: neither the message, nor
    its whole traceback, nor the health that is told has one in it."""
    settings = Settings(
        tmp_path,
        f"s3://key:{CANARY}@bucket/lake",
        f"postgresql://ledger:{CANARY}@127.0.0.1:1/ledger",
        f"http://user:{CANARY}@127.0.0.1:1",
        Settings.from_environment({}).usecases,
    )
    told = [str(check_health(settings).document()), repr(check_health(settings))]
    installed = open_installed("air_time", settings)
    for ask in (
        lambda: open_ledger(settings.ledger_url).batches.list("air_time"),
        lambda: installed.lake,
        lambda: installed.tracking,
    ):
        with pytest.raises(GatehouseError) as caught:
            ask()
        told.append("".join(traceback.format_exception(caught.value)))
    assert [text for text in told if CANARY in text] == []
