"""Who acts on the command line: the user of this machine on the local stack, the owner of a token anywhere else."""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from gatehouse.errors import ConfigurationError, NotAllowedError, ServiceUnavailableError

LOCAL = "GATEHOUSE_CLI_IDENTITY"  # `machine` on the local stack, which its one user owns with its database
TOKEN = "GATEHOUSE_TOKEN"  # noqa: S105 - the variable's name
SECONDS = 20.0


@dataclass(frozen=True)
class Identity:
    """Who acts. `mark` is what their reasons end with: how the name was known, where no server vouches for it."""

    name: str
    mark: str = ""

    def reason(self, text: str) -> str:
        """The reason as it goes on record; without one it stays empty, which is refused."""
        return f"{text} {self.mark}" if self.mark and text.strip() else text


def identify(claimed: str = "", environment: Mapping[str, str] | None = None) -> Identity:
    """Who acts. On the local stack that is `claimed`, or the login, and the reason says which login it was.

    Elsewhere it is the user whose token GATEHOUSE_TOKEN holds: Airflow's server says whose it is. NotAllowedError for
    another name than that, ConfigurationError without a token.
    """
    env = os.environ if environment is None else environment
    if env.get(LOCAL) == "machine":
        login = getpass.getuser()
        return Identity(claimed or login, f"(command line, login {login})")
    token = env.get(TOKEN, "")
    if not token:
        raise ConfigurationError(
            f"an act on the command line needs a token of yours: {TOKEN} is not set",
            where="environment",
            allowed="the access_token that `POST /auth/token` of Airflow's server returns for your name and password",
        )
    name = owner_of(token, _server(env))
    if claimed and claimed != name:
        raise NotAllowedError(f"the token is {name}'s, so nobody acts as {claimed}; leave --actor out")
    return Identity(name)


def owner_of(token: str, server: str) -> str:
    """The user whose token it is, as Airflow's server says; NotAllowedError when it takes the token for nobody's."""
    asked = Request(f"{server}/gatehouse/whoami", headers={"Authorization": f"Bearer {token}"})  # noqa: S310
    try:
        with urlopen(asked, timeout=SECONDS) as answer:  # noqa: S310 - the scheme is checked in `_server`
            return str(json.load(answer)["name"])
    except HTTPError as error:
        if error.code in (401, 403):
            raise NotAllowedError(
                f"Airflow's server does not accept the token in {TOKEN}; it may have expired, so ask for a new one"
            ) from None
        raise ServiceUnavailableError(f"Airflow's server at {server} answers {error.code}") from None
    except (OSError, HTTPException, ValueError, KeyError) as error:
        raise ServiceUnavailableError(f"Airflow's server at {server} does not answer: {type(error).__name__}") from None


def _server(env: Mapping[str, str]) -> str:
    """Airflow's server as this process reaches it: inside the production stack by its own name there."""
    inside = urlsplit(env.get("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", ""))
    address = f"{inside.scheme}://{inside.netloc}" if inside.netloc else env.get("GATEHOUSE_AIRFLOW_URL", "")
    if urlsplit(address).scheme not in ("http", "https"):
        raise ConfigurationError(
            "the address of Airflow's server is not known, so nobody can say whose token it is",
            where="GATEHOUSE_AIRFLOW_URL",
            found=repr(address),
            allowed="an http or https address",
        )
    return address.rstrip("/")
