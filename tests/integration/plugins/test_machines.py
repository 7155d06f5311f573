"""What machines ask of the pages' app: who gets the measures, and what strangers learn of the health."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gatehouse.telemetry import HealthProblem, HealthReport
from gatehouse_ui.routes import api
from support.pages_world import CASE, ROLES, World, airflow_home, world  # noqa: F401 - fixtures

TOKEN = "a-scrape-token-of-the-tests-0123456789"


@pytest.fixture
def token_file(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings name a token's file."""
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    monkeypatch.setattr(world.desk, "_given", replace(world.desk.settings, scrape_token_file=file))
    return file


def with_token(token: str) -> dict[str, Any]:
    return {"headers": {"authorization": f"Bearer {token}"}}


def test_the_measures_are_for_users_and_the_token(world: World, token_file: Path) -> None:
    """A stranger, a wrong or an outdated token get 401; every role and the token get the text of Prometheus."""
    world.story.accept("2013-01")
    stranger = world.client(None)
    assert stranger.get("/gatehouse/metrics").status_code == 401
    for wrong in ("", TOKEN[:-1], TOKEN + "x", "eyJ.forged.token"):
        assert stranger.get("/gatehouse/metrics", **with_token(wrong)).status_code in (401, 403), wrong
    sample = f'gatehouse_batches{{state="accepted",use_case="{CASE}"}} 1.0'
    for answer in (
        stranger.get("/gatehouse/metrics", **with_token(TOKEN)),
        *(world.client(role).get("/gatehouse/metrics") for role in ROLES),
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain")
        assert sample in answer.text
    token_file.write_text(TOKEN[::-1])
    assert stranger.get("/gatehouse/metrics", **with_token(TOKEN)).status_code in (401, 403)
    assert stranger.get("/gatehouse/metrics", **with_token(TOKEN[::-1])).status_code == 200


@pytest.mark.parametrize("content", ["", "short", "ungültig" * 9])
def test_a_token_that_can_be_guessed_counts_as_none(world: World, token_file: Path, content: str) -> None:
    """An empty, short or unreadable file lets nobody in, not even who shows just that."""
    token_file.write_text(content)
    answer = world.client(None).get("/gatehouse/metrics", headers={"authorization": b"Bearer " + content.encode()})
    assert answer.status_code in (401, 403)


def test_the_token_opens_nothing_else(world: World, token_file: Path) -> None:
    """Who may scrape may not read a page."""
    assert world.client(None).get("/gatehouse/", **with_token(TOKEN)).status_code in (401, 403)


def test_a_stranger_learns_only_whether_all_is_well(
    world: World, token_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """200 or 503 with one word for everybody; what is wrong for users and the token."""
    stranger, user = world.client(None), world.client("viewer")
    assert stranger.get("/gatehouse/health").json() == {"status": "ok"}
    assert user.get("/gatehouse/health").json()["parts"]["ledger"] == "ok"
    sick = HealthReport({"lake": "wrong"}, (HealthProblem("lake", "it does not answer"),))
    monkeypatch.setattr(api, "check_health", lambda settings: sick)
    monkeypatch.setattr(api, "KEPT_SECONDS", 0.0)
    world.app.routes[-1].app.state.health = api.CachedHealth()
    answer = stranger.get("/gatehouse/health")
    assert (answer.status_code, answer.json()) == (503, {"status": "wrong"})
    for known in (user.get("/gatehouse/health"), stranger.get("/gatehouse/health", **with_token(TOKEN))):
        assert known.status_code == 503
        assert known.json()["problems"] == [{"part": "lake", "sentence": "it does not answer"}]


def test_strangers_cannot_make_us_ask_often(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred askers in a moment are one question to the ledger, the lake and MLflow."""
    asked = []
    monkeypatch.setattr(api, "check_health", lambda settings: asked.append(1) or HealthReport({"ledger": "ok"}))
    for _ in range(100):
        world.client(None).get("/gatehouse/health")
    assert len(asked) == 1


def test_without_a_token_file_only_users_scrape(world: World) -> None:
    """The setting is left out: no bearer of anything else than a session gets the measures."""
    assert world.client(None).get("/gatehouse/metrics", **with_token(TOKEN)).status_code in (401, 403)
    assert world.client("viewer").get("/gatehouse/metrics").status_code == 200
