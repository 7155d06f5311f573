"""Opening a lake on S3 asks nobody, also where no region is named."""

from __future__ import annotations

import sys

import pytest

from faults.loopback import alone, refused

OPENED = """
import os
from faults.loopback import sent_away
from gatehouse.adapters.lake import open_lake
for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
    os.environ.pop(name, None)
os.environ.update(AWS_ACCESS_KEY_ID="key", AWS_SECRET_ACCESS_KEY="secret", AWS_ENDPOINT_URL="http://127.0.0.1:9")
open_lake("s3://bucket/lake")
print(sent_away(), os.environ.get("AWS_DEFAULT_REGION"))
"""


def test_opening_a_lake_on_s3_asks_nobody() -> None:
    """No packet leaves a machine whose keys are in its environment: the SDK would ask an instance's metadata service for the
    region. The environment is as before."""
    if reason := refused():
        pytest.skip(reason)
    assert alone([sys.executable, "-c", OPENED]).stdout.split() == ["0", "None"]
