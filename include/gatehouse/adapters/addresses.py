"""Open an fsspec address of a contract or of the installation: one protocol out of a list, and never a chain.

A chain such as `simplecache::file://...` or `zip://...::s3://...` hides the file system below it, so the checks that hold
for a local folder (no link leads out of it) would not be made.
"""

from __future__ import annotations

from typing import Any

import fsspec

PROTOCOLS = (
    "abfs", "abfss", "adl", "az", "dbfs", "file", "ftp", "gcs", "gs", "hdfs", "http", "https", "local", "memory", "oci",
    "oss", "s3", "s3a", "sftp", "ssh", "webhdfs",
)  # fmt: skip


def open_address(address: str) -> tuple[Any, str]:
    """The file system and the path on it. ValueError for a chain or a protocol that is not in the list; ImportError where
    the protocol's library is not installed."""
    protocol = address.partition("://")[0] if "://" in address else "file"
    if "::" in address or protocol not in PROTOCOLS:
        raise ValueError(f"found {address!r}; allowed: a path, or one address that begins with {', '.join(PROTOCOLS)}")
    filesystem, path = fsspec.core.url_to_fs(address)
    return filesystem, path
