"""The pages over a real ledger and Airflow's real auth manager, without a scheduler: what the tests of pages share."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gatehouse.adapters.lake import open_lake
from gatehouse.ports import Ledger
from gatehouse.settings import ROOT, Settings
from support.fakes import FakeTracking
from support.story import Story

PLUGINS = str(ROOT / "plugins")
ROLES = {"viewer": "viewer", "user": "user", "stranger": "op", "reviewer": "op", "admin": "admin"}
CASE = "air_time"  # its gate.yaml names reviewer and admin


@pytest.fixture(scope="session")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Airflow imported once against an SQLite database of its own, and the environment that it was imported with."""
    home = tmp_path_factory.mktemp("airflow")
    environment = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{role}" for name, role in ROLES.items()),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "AIRFLOW__API__SECRET_KEY": "a secret of the tests",
        "AIRFLOW__API_AUTH__JWT_SECRET": "another secret of the tests, of sixty-four bytes at the very least",
        "AIRFLOW__API__BASE_URL": "http://testserver",
        "MLFLOW_TRACKING_URI": "http://mlflow.test",
    }
    before = dict(os.environ)
    os.environ.update(environment)
    sys.path.insert(0, PLUGINS)
    try:
        from airflow import settings
        from airflow.api_fastapi.app import create_auth_manager
        from airflow.models import import_all_models
        from airflow.models.base import Base

        import_all_models()
        Base.metadata.create_all(settings.engine)
        create_auth_manager()
    finally:
        os.environ.clear()
        os.environ.update(before)
    yield environment
    sys.path.remove(PLUGINS)


class NoRuns:
    """Airflow without runs. `reviews` maps a decision to the review that waits for it; `started` are the batches whose watch
    was started."""

    def __init__(self) -> None:
        self.started: list[tuple[str, str]] = []
        self.reviews: dict[str, Any] = {}
        self.subjects: dict[str, Any] = {}
        self.failures: dict[str, Any] = {}
        self.judged: list[tuple[str, str, str]] = []

    def subject(self, dag_id: str, run_id: str, task_id: str, map_index: int) -> Any:
        return self.subjects.get(run_id)

    def review(self, use_case: str, decision: str) -> Any:
        return self.reviews.get(decision)

    async def watch(self, use_case: str, batch: str, credentials: str) -> int:
        self.started.append((use_case, batch))
        return 200

    async def judge(self, use_case: str, decision: str, note: str, credentials: str) -> int:
        self.judged.append((use_case, decision, note))
        return 200

    def failure(self, dag_id: str, run_id: str) -> Any:
        return self.failures.get(run_id)

    def of_request(self, use_case: str, request: str) -> tuple[str, str] | None:
        return None

    def running(self, use_case: str) -> list[dict[str, Any]]:
        return []

    def next_runs(self, use_cases: Any) -> dict[str, Any]:
        return {}


@dataclass
class World:
    """The app, who may come, and the story that its ledger tells."""

    app: Any
    story: Story
    runs: NoRuns
    desk: Any

    def client(self, user: str | None) -> Any:
        """A browser of that user's; None is anonymous."""
        from airflow.api_fastapi.app import get_auth_manager
        from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
        from fastapi.testclient import TestClient

        client = TestClient(self.app, follow_redirects=False, raise_server_exceptions=True)
        if user is not None:
            token = get_auth_manager().generate_jwt(SimpleAuthManagerUser(username=user, role=ROLES[user]))
            client.cookies.set("_token", token)
        return client

    def token(self, user: str) -> str:
        """What the forms of that user's pages carry."""
        from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

        from gatehouse_ui.csrf import token_for

        return token_for(SimpleAuthManagerUser(username=user, role=ROLES[user]))

    def act(self, user: str | None, address: str, reason: str = "a reason of some words", **more: Any) -> Any:
        """Send a form as its page would, unless `more` says otherwise (`token`, `headers`)."""
        headers = more.pop("headers", {})
        form = {"reason": reason, "token": self.token(user or "viewer"), **more}
        return self.client(user).post(address, data=form, headers=headers)


@pytest.fixture
def world(
    airflow_home: dict[str, str], ledger_database: Any, ledger: Ledger, tmp_path: Path, monkeypatch: Any
) -> World:
    """Pages over a fresh ledger with nothing in it."""
    for name, value in airflow_home.items():
        monkeypatch.setenv(name, value)
    from fastapi import FastAPI

    from gatehouse.bootstrap import InstalledContext
    from gatehouse_ui.app import application
    from gatehouse_ui.data_access import DataAccess

    lake = open_lake(str(tmp_path / "lake"))
    settings = Settings(tmp_path, str(tmp_path / "lake"), ledger_database.url, "", (ROOT / "include" / "usecases",))
    monkeypatch.setattr(InstalledContext, "tracking", FakeTracking())
    runs, desk, root = NoRuns(), DataAccess(settings), FastAPI()
    root.mount("/gatehouse", application(desk, runs))
    return World(root, Story(ledger, lake, CASE), runs, desk)
