"""Airflow's configuration as Gatehouse's variables: values alone, no Airflow that runs."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest
from psycopg2.extensions import parse_dsn

import gatehouse_airflow
from gatehouse_airflow import configure
from gatehouse_airflow.dags import build


def connection(**given: object) -> SimpleNamespace:
    """A connection as Airflow hands it over."""
    empty = {"host": None, "port": None, "login": None, "password": None, "schema": None, "extra_dejson": {}}
    return SimpleNamespace(**(empty | given))


def test_a_connection_becomes_the_ledgers_address_whatever_its_password_holds() -> None:
    """PostgreSQL's own parser reads back every field, and those that the connection has besides."""
    given = connection(
        host="db",
        port=5433,
        login="gate house",
        password="p@:/?#%",
        schema="led/ger",
        extra_dejson={"sslmode": "require"},
    )
    found = configure.ledger_variables(given)["GATEHOUSE_LEDGER_URL"]
    assert parse_dsn(found) == {
        "host": "db", "port": "5433", "user": "gate house", "password": "p@:/?#%", "dbname": "led/ger", "sslmode": "require",
    }  # fmt: skip


def test_mlflows_login_stands_beside_its_address() -> None:
    """An address with a password in it would be in every log of MLflow's."""
    found = configure.mlflow_variables(connection(host="mlflow.example.com", login="ann", password="secret"))
    assert found == {
        "MLFLOW_TRACKING_URI": "https://mlflow.example.com",
        "MLFLOW_TRACKING_USERNAME": "ann",
        "MLFLOW_TRACKING_PASSWORD": "secret",
    }
    plain = connection(host="http://mlflow", port=5000)
    assert configure.mlflow_variables(plain) == {"MLFLOW_TRACKING_URI": "http://mlflow:5000"}


def test_a_relative_folder_is_beside_the_dag_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Airflow was started says nothing about where the use cases are."""
    monkeypatch.setenv("GATEHOUSE_USECASES", "/elsewhere")
    monkeypatch.setattr(configure, "configure", lambda: None)
    monkeypatch.setattr(build, "build_all", lambda: None)
    dag_file = {"__file__": "/dags/models.py", "build_dags": gatehouse_airflow.build_dags}
    exec('build_dags("use_cases/", "/other")', dag_file)
    assert os.environ["GATEHOUSE_USECASES"] == f"/dags/use_cases{os.pathsep}/other"
