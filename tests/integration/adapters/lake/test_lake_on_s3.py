"""The lake on a real S3 server, also when uploads break off and listings lag behind."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator

import pandas as pd
import pytest

from gatehouse.adapters.lake import FileLake, open_lake
from gatehouse.errors import ConfigurationError, LakeError, ServiceUnavailableError
from support.contracts import rides
from support.s3_server import BUCKET, S3, client, running

LARGE = os.urandom(1000) * 24_000  # 24 MB: several parts


@pytest.fixture(scope="module")
def server() -> Iterator[S3]:
    with running() as s3:
        yield s3


@pytest.fixture
def s3(server: S3, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    """The server with an empty bucket, and an environment that leads to it."""
    for name, value in environment(server).items():
        monkeypatch.setenv(name, value)
    server.cut, server.blind, server.stall, server.listings = 0, False, False, 0
    yield server
    for name in server.names():
        client(server.url).delete_object(Bucket=BUCKET, Key=name)


@pytest.fixture
def lake(s3: S3) -> FileLake:
    return open_lake(f"s3://{BUCKET}/some/prefix")


def environment(s3: S3) -> dict[str, str]:
    return {"AWS_ENDPOINT_URL": s3.url, "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1"}  # fmt: skip


def test_files_and_tables_come_back(lake: FileLake, s3: S3) -> None:
    """What is put lies under its content's name below the prefix, and nothing else does; tables keep their types."""
    file, table = lake.put(b"hello", "reports", "html"), lake.put_frame(rides(), "landed")
    assert sorted(s3.names()) == sorted(f"some/prefix/{each.path}" for each in (file, table))
    assert lake.read(file) == b"hello"
    pd.testing.assert_frame_equal(lake.frame(table), rides())
    assert lake.put(b"hello", "reports", "html") == file
    assert lake.ask(file) == "" == lake.ask(None)


def test_the_same_content_is_sent_once(lake: FileLake, s3: S3) -> None:
    """A second put of what is there whole sends nothing."""
    file = lake.put(b"hello", "reports", "html")
    before = client(s3.url).head_object(Bucket=BUCKET, Key=f"some/prefix/{file.path}")["LastModified"]
    s3.stall = True  # whatever was sent would be held up
    assert lake.put(b"hello", "reports", "html") == file
    assert not s3.stalled.is_set()
    assert client(s3.url).head_object(Bucket=BUCKET, Key=f"some/prefix/{file.path}")["LastModified"] == before


def test_a_dropped_connection_is_tried_again(lake: FileLake, s3: S3) -> None:
    """One upload of a part that breaks off in the middle is sent again; the file is whole."""
    s3.cut = 1
    assert hashlib.sha256(lake.read(lake.put(LARGE, "models", "skops"))).digest() == hashlib.sha256(LARGE).digest()
    assert s3.cut == 0


def test_an_upload_that_keeps_breaking_shows_nothing(lake: FileLake, s3: S3) -> None:
    """Every try breaks off: ServiceUnavailableError, which Airflow tries again, and no object; then the same put heals."""
    s3.cut = 1000
    with pytest.raises(ServiceUnavailableError, match="the lake does not answer"):
        lake.put(LARGE, "models", "skops")
    assert s3.names() == []
    s3.cut = 0
    assert lake.read(lake.put(LARGE, "models", "skops")) == LARGE


def test_a_writer_killed_in_the_middle_shows_nothing(lake: FileLake, s3: S3) -> None:
    """SIGKILL while parts are on their way: no object; the next attempt stores the whole file."""
    s3.stall = True
    code = f"from gatehouse.adapters.lake import open_lake; open_lake('s3://{BUCKET}/some/prefix').put(bytes(24_000_000), 'models', 'skops')"
    writer = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, **environment(s3)})
    try:
        assert s3.stalled.wait(60), "the writer never came to sending"
    finally:
        writer.kill()
        writer.wait()
    s3.stall = False
    assert s3.names() == []
    assert lake.read(lake.put(bytes(24_000_000), "models", "skops")) == bytes(24_000_000)


def test_a_torn_object_is_mended(lake: FileLake, s3: S3) -> None:
    """An object of that name with other bytes is refused by who reads it, and replaced by who puts it again."""
    file = lake.put(b"hello", "reports", "html")
    client(s3.url).put_object(Bucket=BUCKET, Key=f"some/prefix/{file.path}", Body=b"hel")
    with pytest.raises(LakeError, match="is not what was stored: found 3 bytes"):
        lake.read(file)
    assert "missing or not 5 bytes" in lake.ask(file)
    lake.put(b"hello", "reports", "html")
    assert lake.read(file) == b"hello"


def test_no_listing_decides_anything(lake: FileLake, s3: S3) -> None:
    """With a server whose listings never show what was just put, everything works all the same."""
    s3.blind = True
    file = lake.put(b"hello", "reports", "html")
    assert lake.put(b"hello", "reports", "html") == file
    assert lake.read(file) == b"hello"
    assert lake.ask(file) == ""
    client(s3.url).delete_object(Bucket=BUCKET, Key=f"some/prefix/{file.path}")
    with pytest.raises(LakeError, match="is missing"):
        lake.read(file)


def test_an_address_with_credentials_is_refused(s3: S3) -> None:
    """Keys do not belong in an address that errors and settings show; the error does not repeat them."""
    with pytest.raises(ConfigurationError, match="s3://BUCKET/PREFIX") as caught:
        open_lake("s3://key:canary@lake/prefix")
    assert "canary" not in str(caught.value)


def test_a_bucket_that_is_not_there_is_named(s3: S3) -> None:
    """A wrong bucket is an error with its name, not an empty lake."""
    with pytest.raises((LakeError, ServiceUnavailableError), match="nowhere"):
        open_lake("s3://nowhere/lake").put(b"hello", "reports", "html")
