"""Whether the object store keeps what is put into it, before a stack starts on it.

bin/compose --profile s3 run --rm s3-check
"""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Mapping

from gatehouse.adapters.s3 import open_s3
from gatehouse.errors import ConfigurationError, GatehouseError, ServiceUnavailableError

PLACES = ("GATEHOUSE_LAKE", "GATEHOUSE_MLFLOW_ARTIFACTS")
OBJECT = "gatehouse-check"  # always the same one: to remove it would take one more right than the lake needs


def check_writable(name: str, environment: Mapping[str, str]) -> str:
    """Put a small object below the place that a variable names, and read it; a sentence about it. ConfigurationError where
    the place is no object store's, ServiceUnavailableError where it does not come back."""
    place = environment.get(name, "")
    if not place.startswith("s3://"):
        raise ConfigurationError(
            "the profile s3 is for an object store",
            where=f"{name} in .env",
            found=place or "nothing",
            allowed="s3://BUCKET/PREFIX",
        )
    filesystem, root = open_s3(place, environment)
    put = uuid.uuid4().bytes
    try:
        with filesystem.open(f"{root}/{OBJECT}", "wb") as stream:
            stream.write(put)
        held = filesystem.cat_file(f"{root}/{OBJECT}")
    except OSError as error:
        raise ServiceUnavailableError(
            f"{name}: {place} does not take or give an object: {error}. The bucket must exist, and the keys in "
            "secrets/s3_access_key and secrets/s3_secret_key may list it, and put and get in it"
        ) from None
    if held != put:
        raise ServiceUnavailableError(f"{name}: {place} gave other bytes than were put")
    return f"{name}: {place} keeps what is put"


def main(environment: Mapping[str, str]) -> int:
    """0 when both places work, else 1, with a sentence for each."""
    worst = 0
    for name in PLACES:
        try:
            print(check_writable(name, environment))
        except GatehouseError as error:
            print(error, file=sys.stderr)
            worst = 1
    return worst


if __name__ == "__main__":
    sys.exit(main(os.environ))
