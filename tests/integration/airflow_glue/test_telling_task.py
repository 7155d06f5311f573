"""The last step of maintenance in real runs of Airflow's, with a real ledger and a real mail server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from conftest import LedgerDatabase
from gatehouse.core.notifications.notification import AlertPhase, DeliveryState
from gatehouse.ports import Ledger
from gatehouse.settings import ROOT
from support.wire import mail_server

NOTIFY = """\
airflow_url: https://airflow.example
recipients:
  - {name: on_call, roles: [on-call], channel: smtp, connection: mail, to: [on-call@example.org]}
  - {name: nobody, roles: [on-call], channel: smtp, connection: away, to: [nobody@example.org]}
"""


def airflow(tmp_path: Path, ledger_url: str, port: int, *how: str) -> list[dict]:
    """What Airflow says of runs of the small maintenance; `port` is the mail server's, the other one is away."""
    (tmp_path / "notify.yaml").write_text(NOTIFY)
    (tmp_path / "dags").mkdir()
    script = shutil.copy(Path(__file__).parent / "small_maintenance.py", tmp_path / "dags")
    extra = {"from_email": "gatehouse@example.org", "disable_ssl": True, "disable_tls": True}
    mail = {"conn_type": "smtp", "host": "127.0.0.1", "extra": extra}
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "include"),
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__DAGS_FOLDER": str(tmp_path / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path}/airflow.db",
        "AIRFLOW_CONN_MAIL": json.dumps({**mail, "port": port}),
        "AIRFLOW_CONN_AWAY": json.dumps({**mail, "port": 1}),
        "GATEHOUSE_LEDGER_URL": ledger_url,
        "GATEHOUSE_NOTIFY_FILE": str(tmp_path / "notify.yaml"),
        "GATEHOUSE_USECASES": str(tmp_path / "dags"),
    }
    done = subprocess.run([sys.executable, script, *how], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_maintenance_tells_what_it_found_and_keeps_its_colour(
    tmp_path: Path, ledger_database: LedgerDatabase, ledger: Ledger
) -> None:
    """The teardown runs after the check, red or green, and mails through Airflow's connection; a failed check fails the
    run all the same. What is found no more is over, and told; a check that died is an issue of its own. A recipient
    whose server is away waits in the ledger and fails nothing."""
    with mail_server() as server:
        red, green, lost = airflow(tmp_path, ledger_database.url, server.port, "red", "green", "lost")
    assert red == lost == {"run": "failed", "tasks": {"check": "failed", "tell": "success"}}
    assert green == {"run": "success", "tasks": {"check": "success", "tell": "success"}}
    first, second, third = server.mails
    assert first["To"] == "on-call@example.org"
    assert first["Subject"] == "[critical] the installation: Gatehouse itself is unhealthy"
    assert "cannot be read: gate.yaml:3: unknown key `rulez`" in first.get_body(("plain",)).get_content()
    assert second["Subject"] == "[critical] the installation: over: Gatehouse itself is unhealthy"
    assert "maintenance did not come to its end" in third.get_body(("plain",)).get_content()
    told = [each for each in ledger.notifications.newest() if each.recipient == "on_call"]
    assert [each.state for each in told] == [DeliveryState.SENT] * 3
    away = [each for each in ledger.notifications.newest() if each.recipient == "nobody"]
    assert {each.phase for each in away} == {AlertPhase.OPENED}
    assert [(each.state, each.attempt) for each in away] == [(DeliveryState.FAILED, 1), (DeliveryState.DROPPED, 1)]
    assert len(ledger.notifications.open_issues()) == 1
