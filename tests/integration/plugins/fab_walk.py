"""Every route of the pages as each role of Airflow's FAB auth manager has it, in a process of its own: an interpreter holds
one auth manager. Told as JSON: route, user -> status.

python fab_walk.py FOLDER LEDGER_URL DECISION
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from gatehouse.settings import ROOT

PEOPLE = ("viewer", "reviewer", "admin")


def environment(folder: Path) -> None:
    """Airflow as the production stack configures it, over SQLite."""
    os.environ |= {
        "AIRFLOW_HOME": str(folder),
        "AIRFLOW__CORE__AUTH_MANAGER": "gatehouse_airflow.auth.NamedFabAuthManager",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder}/airflow.db",
        "AIRFLOW__API__SECRET_KEY": "a secret of the tests",
        "AIRFLOW__API__BASE_URL": "http://testserver",
        "AIRFLOW__API_AUTH__JWT_SECRET": "another secret of the tests, of sixty-four bytes at the very least",
    }


def people() -> dict[str, Any]:
    """The roles and first users, as `init` of the production stack makes them."""
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder
    from airflow.providers.fab.auth_manager.models.db import FABDBManager
    from airflow.utils.session import create_session

    from gatehouse_airflow import bootstrap_users as first

    first.secret = lambda name: f"{name}-of-this-test"  # there are no mounted files here
    with create_session() as session:
        FABDBManager(session).create_db_from_orm()
    with get_application_builder() as builder:
        builder.sm.sync_roles()
        first.make_reviewer_role(builder.sm)
        first.make_users(builder.sm)
        return {name: str(builder.sm.find_user(username=name).id) for name in PEOPLE}


def walk(folder: Path, ledger: str, decision: str) -> dict[str, dict[str, int]]:
    """The status of each route for each user; None is anonymous. Acts are sent with a reason that is too short, so that
    who may act gets a 400."""
    from airflow import settings
    from airflow.api_fastapi.app import create_auth_manager
    from airflow.models import import_all_models
    from airflow.models.base import Base
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

    import_all_models()
    Base.metadata.create_all(settings.engine)
    ids = people()
    manager = create_auth_manager()
    manager.init()

    from gatehouse.settings import Settings
    from gatehouse_ui.app import application
    from gatehouse_ui.csrf import token_for
    from gatehouse_ui.data_access import DataAccess
    from integration.plugins.test_page_access import ACT, READ
    from support.pages_world import NoRuns

    app = FastAPI()
    known = Settings(folder, str(folder / "lake"), ledger, "", (ROOT / "include" / "usecases",))
    app.mount("/gatehouse", application(DataAccess(known), NoRuns()))
    found: dict[str, dict[str, int]] = {}
    for name in (None, *PEOPLE):
        client, token = TestClient(app, follow_redirects=False), ""
        if name is not None:
            user = manager.deserialize_user({"sub": ids[name]})
            client.cookies.set("_token", manager.generate_jwt(user))
            token = token_for(user)
        for route, address in READ.items():
            address = "/gatehouse" + address.replace("DECISION", decision)
            found.setdefault(f"GET {route}", {})[str(name)] = client.get(address).status_code
        for route, (address, form) in ACT.items():
            address = "/gatehouse" + address.replace("DECISION", decision)
            sent = client.post(address, data={"reason": "short", "token": token, **form})
            found.setdefault(f"POST {route}", {})[str(name)] = sent.status_code
    return found


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "plugins"), str(ROOT / "tests"), str(ROOT / "include")]
    environment(Path(sys.argv[1]))
    print(json.dumps(walk(Path(sys.argv[1]), *sys.argv[2:])))
