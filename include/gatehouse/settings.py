"""Where this installation keeps things: one frozen object, read from `GATEHOUSE_*` and checked once."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from gatehouse.errors import ConfigurationError

PACKAGES = Path(__file__).resolve().parents[1]  # the folder that holds this package: `include`, or site-packages
IN_CHECKOUT = (PACKAGES.parent / "dags").is_dir()
ROOT = PACKAGES.parent if IN_CHECKOUT else Path.cwd()  # of a checkout or image; else where the command was started
_PLACE = (r"/\S+|s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/\S*)?", "an absolute folder, or s3://BUCKET/PREFIX")
_WEB = (r"https?://[^/\s]+(/[^\s?#]*)?", "an http or https address without a query")
_COUNT = (r"[1-9]\d{0,3}", "a whole number from 1 to 9999")
FORMS = {  # what is checked before a container starts: variable -> (form, what is allowed)
    "GATEHOUSE_LAKE": _PLACE,
    "GATEHOUSE_MLFLOW_ARTIFACTS": _PLACE,
    "GATEHOUSE_AIRFLOW_URL": _WEB,
    "GATEHOUSE_MLFLOW_URL": _WEB,
    "AWS_ENDPOINT_URL": _WEB,
    "OPENLINEAGE_URL": _WEB,
    "GATEHOUSE_DEFAULT_SLOTS": _COUNT,
    "GATEHOUSE_TRAIN_SLOTS": _COUNT,
    "GATEHOUSE_POSTGRES": (r"[A-Za-z0-9.-]+(:\d{1,5})?", "HOST or HOST:PORT"),
    "GATEHOUSE_REDIS": (r"[A-Za-z0-9.-]+(:\d{1,5})?", "HOST or HOST:PORT"),
}
ADDRESSES = {  # a setting that may be missing -> its variable, its option in Airflow's configuration, Airflow's connection
    "ledger_url": ("GATEHOUSE_LEDGER_URL", "ledger_url", "gatehouse_ledger"),
    "mlflow_uri": ("MLFLOW_TRACKING_URI", "mlflow_uri", "gatehouse_mlflow"),
}


@dataclass(frozen=True)
class Settings:
    """Addresses and folders of one installation.

    `ledger_url` and `mlflow_uri` are empty where nothing runs yet (for example `gatehouse use-case schema`);
    whoever needs one asks through `require`, which names the variable that is missing.
    """

    home: Path
    lake: str
    ledger_url: str
    mlflow_uri: str
    usecases: tuple[Path, ...]
    scrape_token_file: Path | None = None  # who shows its content may read the measures without a login
    notify: Path | None = None
    train_queue: str = ""  # the queue, and pool, of training tasks where workers have queues
    spark: str = ""  # the master that use cases with `engine: spark` run on; empty is Spark on this machine
    anchor_key: Path | None = None  # the private key that signs anchors of the audit log
    anchor_public_key: str = ""  # its public key, where only checks are made
    dask: str = ""  # the scheduler of a cluster that candidates are fitted on; empty fits them in the task

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the settings; every one has a default that suits a checkout, or the folder a wheel's command is started in."""
        env = os.environ if environment is None else environment
        home = Path(env.get("GATEHOUSE_STATE_DIR") or ROOT / ".gatehouse")
        folders = env.get("GATEHOUSE_USECASES") or str(ROOT / ("include/usecases" if IN_CHECKOUT else "use_cases"))
        return cls(
            home=home,
            lake=env.get("GATEHOUSE_LAKE") or str(home / "lake"),
            ledger_url=env.get("GATEHOUSE_LEDGER_URL", ""),
            mlflow_uri=env.get("MLFLOW_TRACKING_URI", ""),
            usecases=tuple(Path(folder) for folder in folders.split(os.pathsep) if folder),
            scrape_token_file=Path(token) if (token := env.get("GATEHOUSE_SCRAPE_TOKEN_FILE", "")) else None,
            notify=Path(env["GATEHOUSE_NOTIFY_FILE"]) if env.get("GATEHOUSE_NOTIFY_FILE") else None,
            train_queue=env.get("GATEHOUSE_TRAIN_QUEUE", ""),
            spark=env.get("GATEHOUSE_SPARK_MASTER", ""),
            anchor_key=Path(key) if (key := env.get("GATEHOUSE_ANCHOR_KEY_FILE", "")) else None,
            anchor_public_key=env.get("GATEHOUSE_ANCHOR_PUBLIC_KEY", ""),
            dask=env.get("GATEHOUSE_DASK_ADDRESS", ""),
        )

    @staticmethod
    def problems(env: Mapping[str, str]) -> list[str]:
        """A sentence for each variable of `.env.example` that is set to what cannot be meant."""
        return [
            str(
                ConfigurationError(
                    f"{name} is wrong", where="environment (.env)", found=repr(env[name]), allowed=allowed
                )
            )
            for name, (pattern, allowed) in FORMS.items()
            if env.get(name) and not re.fullmatch(pattern, env[name])
        ]

    def require(self, name: str) -> str:
        """Return the setting `name`, or say which variable to set."""
        variable, option, connection = ADDRESSES[name]
        value = str(getattr(self, name))
        if not value:
            raise ConfigurationError(
                f"{variable} is not set",
                where="environment",
                allowed=f"an address; in Airflow `{option}` of the section [gatehouse], or the connection `{connection}`; "
                "`make run` starts a stack that sets it",
            )
        if name == "mlflow_uri" and "@" in urlsplit(value).netloc:  # MLflow's own errors repeat the whole address
            raise ConfigurationError(
                "an address with a password in it, which MLflow would write into every log",
                where=variable,
                allowed="the address alone, with MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD beside it",
            )
        return value


def decision_page(decision: str) -> str:
    """Where a browser finds a decision's page; empty where this process knows no Airflow."""
    base = os.environ.get("AIRFLOW__API__BASE_URL", "").rstrip("/")
    return f"{base}/gatehouse/decisions/{decision}" if base else ""
