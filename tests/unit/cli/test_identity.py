"""Who acts on the command line: the machine's user on the local stack, the owner of a token anywhere else."""

from __future__ import annotations

import getpass
import io
import json
from typing import Any
from urllib.error import HTTPError, URLError

import pytest

from gatehouse.cli import identity
from gatehouse.cli.identity import identify
from gatehouse.errors import ConfigurationError, NotAllowedError, ServiceUnavailableError

ELSEWHERE = {"GATEHOUSE_TOKEN": "a.token.of-ann", "GATEHOUSE_AIRFLOW_URL": "https://airflow.test"}


def test_the_local_stack_records_the_login(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever name is given there, the reason says whose login it was; an empty reason stays empty and is refused."""
    monkeypatch.setattr(getpass, "getuser", lambda: "ann")
    local = {"GATEHOUSE_CLI_IDENTITY": "machine"}
    assert identify("", local).name == "ann"
    acting = identify("reviewer", local)
    assert (acting.name, acting.reason("It is fine.")) == ("reviewer", "It is fine. (command line, login ann)")
    assert acting.reason(" ") == " "


def test_elsewhere_a_name_alone_is_not_believed() -> None:
    """Without a token nobody acts, whatever `--actor` says."""
    for claimed in ("", "reviewer"):
        with pytest.raises(ConfigurationError, match="GATEHOUSE_TOKEN is not set"):
            identify(claimed, {"GATEHOUSE_AIRFLOW_URL": "https://airflow.test"})


def test_a_token_says_who_acts_and_no_other_name_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow's server is asked whose token it is; another name than that is refused."""
    asked: list[Any] = []

    def answer(request: Any, timeout: float) -> io.BytesIO:
        asked.append((request.full_url, request.get_header("Authorization")))
        return io.BytesIO(json.dumps({"name": "ann"}).encode())

    monkeypatch.setattr(identity, "urlopen", answer)
    assert identify("", ELSEWHERE).name == identify("ann", ELSEWHERE).name == "ann"
    assert identify("", ELSEWHERE).reason("It is fine.") == "It is fine."
    inside = ELSEWHERE | {"AIRFLOW__CORE__EXECUTION_API_SERVER_URL": "http://api-server:8080/execution/"}
    identify("", inside)
    assert asked[0] == ("https://airflow.test/gatehouse/whoami", "Bearer a.token.of-ann")
    assert asked[-1][0] == "http://api-server:8080/gatehouse/whoami"
    with pytest.raises(NotAllowedError, match="the token is ann's"):
        identify("reviewer", ELSEWHERE)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (HTTPError("", 401, "", None, None), NotAllowedError),  # type: ignore[arg-type]
        (HTTPError("", 500, "", None, None), ServiceUnavailableError),  # type: ignore[arg-type]
        (URLError("no route"), ServiceUnavailableError),
    ],
)
def test_a_token_that_no_server_vouches_for_is_nobodys(
    error: Exception, expected: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused token and a server that does not answer are named errors, and none repeats the token."""

    def fail(request: Any, timeout: float) -> None:
        raise error

    monkeypatch.setattr(identity, "urlopen", fail)
    with pytest.raises(expected) as raised:
        identify("", ELSEWHERE)
    assert "a.token.of-ann" not in str(raised.value)


def test_only_a_web_address_is_asked() -> None:
    """A file or another protocol vouches for nobody."""
    with pytest.raises(ConfigurationError, match="whose token"):
        identify("", ELSEWHERE | {"GATEHOUSE_AIRFLOW_URL": "file:///etc"})
