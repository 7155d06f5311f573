"""Before a stack starts on an object store, it is tried on a real S3 server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gatehouse.deploy.object_store_check import main
from support.s3_server import BUCKET, S3, running


@pytest.fixture(scope="module")
def server() -> Iterator[S3]:
    with running() as s3:
        yield s3


@pytest.fixture
def environment(server: S3, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Both places in the server's bucket; the keys are where the AWS SDK looks for them."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    places = {"GATEHOUSE_LAKE": f"s3://{BUCKET}/lake", "GATEHOUSE_MLFLOW_ARTIFACTS": f"s3://{BUCKET}/mlflow"}
    return {**places, "AWS_ENDPOINT_URL": server.url}


def test_a_store_that_keeps_what_is_put_is_said_to(environment, server, capsys) -> None:
    """Both places are tried, each with a sentence; however often, one small object stays in each."""
    assert main(environment) == 0
    assert main(environment) == 0
    said = capsys.readouterr().out.splitlines()
    assert said == 2 * [
        f"{name}: {place} keeps what is put" for name, place in environment.items() if place[:3] == "s3:"
    ]
    assert sorted(server.names()) == ["lake/gatehouse-check", "mlflow/gatehouse-check"]


def test_a_bucket_that_is_not_there_is_told(environment, capsys) -> None:
    """By the variable, the address, and what must be so."""
    assert main({**environment, "GATEHOUSE_LAKE": "s3://nowhere/lake"}) == 1
    said = capsys.readouterr().err
    assert "GATEHOUSE_LAKE: s3://nowhere/lake" in said
    assert "The bucket must exist" in said
    assert "Traceback" not in said


def test_a_server_that_is_away_is_told(environment, capsys) -> None:
    """Within the seconds that an S3 client tries."""
    assert main({**environment, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}) == 1
    assert capsys.readouterr().err.count("does not take or give an object") == 2


def test_a_folder_is_no_object_store(environment, capsys) -> None:
    """The profile with an address of something else is a mistake in .env, said before anything starts."""
    assert main({**environment, "GATEHOUSE_LAKE": "/var/lib/gatehouse/lake"}) == 1
    said = capsys.readouterr().err
    assert "GATEHOUSE_LAKE in .env" in said
    assert "s3://BUCKET/PREFIX" in said
