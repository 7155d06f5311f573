"""Any S3-compatible address as an fsspec file system, through Arrow's own client.

Credentials come from where the AWS SDK looks for them (environment, profile, instance), the address of another service
from AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL, the region from AWS_REGION or AWS_DEFAULT_REGION. With an endpoint of its
own, buckets are named in the path, as such services expect.

Arrow sends a file as one multipart upload: S3 shows the object when the upload is completed, whole, or never. What an
interrupted upload leaves are parts without an object; a lifecycle rule of the bucket ends them (docs/how-to/large-batches.md).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from gatehouse.errors import ConfigurationError

CONNECT_SECONDS, REQUEST_SECONDS, ATTEMPTS = 5, 30, 3


def open_s3(address: str, environment: Mapping[str, str] | None = None) -> tuple[Any, str]:
    """The file system of `s3://bucket/prefix` and the root in it. Nothing is asked of the network yet."""
    from fsspec.implementations.arrow import ArrowFSWrapper
    from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem

    env = os.environ if environment is None else environment
    parts = urlsplit(address)
    if not parts.netloc or "@" in parts.netloc or parts.query or parts.fragment:
        raise ConfigurationError(
            "not the address of a lake on S3",
            where="GATEHOUSE_LAKE",
            found=f"s3://{parts.netloc.rpartition('@')[2]}{parts.path}",
            allowed="s3://BUCKET/PREFIX, with the credentials in the environment and not in the address",
        )
    endpoint = urlsplit(env.get("AWS_ENDPOINT_URL_S3") or env.get("AWS_ENDPOINT_URL") or "")
    region = env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or "us-east-1"
    with _told_the_region(region):
        filesystem = S3FileSystem(
            region=region,
            scheme=endpoint.scheme or "https",
            endpoint_override=endpoint.netloc + endpoint.path.rstrip("/") or None,
            connect_timeout=CONNECT_SECONDS,
            request_timeout=REQUEST_SECONDS,
            retry_strategy=AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS),
        )
    return ArrowFSWrapper(filesystem), f"{parts.netloc}{parts.path}".rstrip("/")


@contextmanager
def _told_the_region(region: str) -> Iterator[None]:
    """Where no variable names a region the SDK asks the instance's metadata service for one, though it is given one as well;
    where that service does not answer it waits for eight seconds."""
    known = os.environ.get("AWS_DEFAULT_REGION")
    os.environ["AWS_DEFAULT_REGION"] = known or region
    try:
        yield
    finally:
        if known is None:
            os.environ.pop("AWS_DEFAULT_REGION", None)  # another thread may have been first
