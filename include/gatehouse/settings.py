"""Where this installation keeps things: one frozen object, read from `GATEHOUSE_*` and checked once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gatehouse.errors import ConfigurationError

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Settings:
    """Addresses and folders of one installation.

    `ledger_url` and `mlflow_uri` are empty where nothing runs yet (for example `gatehouse schema`);
    whoever needs one asks through `require`, which names the variable that is missing.
    """

    home: Path
    lake: str
    ledger_url: str
    mlflow_uri: str
    usecases: tuple[Path, ...]
    scrape_token_file: Path | None = None  # who shows its content may read the measures without a login
    notify: Path | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the settings; every one has a default that suits a checkout."""
        env = os.environ if environment is None else environment
        home = Path(env.get("GATEHOUSE_HOME") or ROOT / ".gatehouse")
        folders = env.get("GATEHOUSE_USECASES") or str(ROOT / "include" / "usecases")
        return cls(
            home=home,
            lake=env.get("GATEHOUSE_LAKE") or str(home / "lake"),
            ledger_url=env.get("GATEHOUSE_LEDGER_URL", ""),
            mlflow_uri=env.get("MLFLOW_TRACKING_URI", ""),
            usecases=tuple(Path(folder) for folder in folders.split(os.pathsep) if folder),
            scrape_token_file=Path(token) if (token := env.get("GATEHOUSE_SCRAPE_TOKEN_FILE", "")) else None,
            notify=Path(env["GATEHOUSE_NOTIFY"]) if env.get("GATEHOUSE_NOTIFY") else None,
        )

    def require(self, name: str) -> str:
        """Return the setting `name`, or say which variable to set."""
        variable = {"ledger_url": "GATEHOUSE_LEDGER_URL", "mlflow_uri": "MLFLOW_TRACKING_URI"}[name]
        value = str(getattr(self, name))
        if not value:
            raise ConfigurationError(
                f"{variable} is not set",
                where="environment",
                allowed="an address; `make run` starts a stack that sets it, `gatehouse status` prints it",
            )
        return value
