"""The secrets of an installation: which there are, and how their files are made. Imports nothing but the standard library.

python include/gatehouse/deploy/secret_files.py FOLDER [UID GID]
"""

from __future__ import annotations

import base64
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

MODE = 0o600


def password() -> str:
    """What goes into an address as it is: letters, digits, `-` and `_`."""
    return secrets.token_urlsafe(32)


def signing() -> str:
    """A key that signs tokens: 64 bytes and more, as SHA-512 wants it."""
    return secrets.token_urlsafe(64)


def fernet() -> str:
    """A key for Airflow's encryption of connections and variables."""
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def empty() -> str:
    """An empty file: a secret that only some installations have (the key of an object store)."""
    return ""


SECRETS: dict[str, Callable[[], str]] = {
    "postgres_password": password,
    "airflow_db_password": password,
    "mlflow_db_password": password,
    "ledger_owner_password": password,
    "ledger_password": password,
    "ledger_trainer_password": password,
    "ledger_reader_password": password,
    "redis_password": password,
    "airflow_fernet_key": fernet,
    "airflow_api_key": signing,
    "airflow_jwt_key": signing,
    "airflow_admin_password": password,
    "airflow_reviewer_password": password,
    "airflow_viewer_password": password,
    "mlflow_flask_key": signing,
    "mlflow_admin_password": password,
    "mlflow_trainer_password": password,
    "mlflow_promoter_password": password,
    "serving_token": password,
    "scrape_token": password,
    "anchor_key": password,
    "s3_access_key": empty,
    "s3_secret_key": empty,
}


def make(folder: Path, owner: tuple[int, int] | None = None) -> list[str]:
    """Make the files that are missing, readable by `owner` (uid, gid) alone; what is there is left as it is. Returns the
    names of the new ones."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if owner:
        os.chown(folder, *owner)
    made = []
    for name in missing(folder):
        _write(folder / name, SECRETS[name]())
        made.append(name)
    for path in (folder / name for name in SECRETS):
        path.chmod(MODE)
        if owner:
            os.chown(path, *owner)
    return made


def missing(folder: Path) -> list[str]:
    """The secrets that have no file, or an empty one that must not be empty."""
    return [
        name
        for name, kind in SECRETS.items()
        if not (folder / name).is_file() or (kind is not empty and not (folder / name).read_text().strip())
    ]


def _write(path: Path, value: str) -> None:
    """Whole or not at all."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE), "w") as file:
        file.write(value)
    unfinished.replace(path)


if __name__ == "__main__":
    where, *ids = sys.argv[1:]
    new = make(Path(where), (int(ids[0]), int(ids[1])) if ids else None)
    print(f"{where}: {len(new)} secrets made, {len(SECRETS) - len(new)} left as they were")
