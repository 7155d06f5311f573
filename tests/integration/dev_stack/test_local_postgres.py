"""The embedded PostgreSQL: passwords always, each role in its own database, nothing left behind."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest

from gatehouse.dev_stack import postgres, temp_postgres
from gatehouse.dev_stack.postgres import PostgresServer, private_folder
from gatehouse.dev_stack.temp_postgres import temporary_postgres
from gatehouse.errors import ConfigurationError


def can_connect(url: str) -> bool:
    """Whether the address lets one in."""
    try:
        psycopg2.connect(url).close()
    except psycopg2.OperationalError:
        return False
    return True


@pytest.mark.parametrize("role", ["airflow", "mlflow", "ledger_owner", "ledger", "ledger_trainer", "ledger_reader"])
def test_a_role_enters_its_own_database_and_no_other(ledger_server: PostgresServer, role: str):
    """One database each; the ledger's application and owner share the ledger's."""
    own = {"ledger_owner": "ledger", "ledger_reader": "ledger", "ledger_trainer": "ledger"}.get(role, role)
    allowed = {
        name for name in ("airflow", "mlflow", "ledger", "postgres") if can_connect(ledger_server.url(name, role))
    }
    assert allowed - {"postgres"} == {own}


def test_nobody_enters_without_the_password(ledger_server: PostgresServer):
    """The server trusts no address: a wrong password is refused even from this machine."""
    right = ledger_server.url("ledger", "ledger")
    assert can_connect(right)
    assert not can_connect(right.replace(ledger_server.passwords["ledger"], "wrong"))


def test_no_password_is_on_a_command_line(ledger_server: PostgresServer):
    """What `ps` shows holds none of the passwords."""
    line = " ".join(ledger_server.command())
    assert not [role for role, password in ledger_server.passwords.items() if password in line]
    assert "listen_addresses=127.0.0.1" in line


def test_it_ends_though_a_client_is_connected(tmp_path: Path):
    """The end of the block does not wait for clients, and nothing answers afterwards."""
    with temporary_postgres(tmp_path / "home") as server:
        client = psycopg2.connect(server.url("ledger", "ledger"))
    with pytest.raises(psycopg2.OperationalError):
        client.cursor().execute("SELECT 1")
    assert not server.healthy()
    client.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root keeps the server's data in a folder below /var/tmp")
def test_a_planted_link_is_refused_and_not_followed(tmp_path: Path):
    """Where anybody may write, a link in the place of root's folder changes nobody's owner."""
    target, folder = tmp_path / "target", tmp_path / "home" / "postgres"
    target.mkdir()
    before = target.stat()
    private_folder(folder).symlink_to(target)
    try:
        with pytest.raises(ConfigurationError, match="not ours"):
            postgres.server_at(folder, 5999, {"postgres": "secret"})
    finally:
        private_folder(folder).unlink()
    after = target.stat()
    assert (after.st_uid, after.st_gid, after.st_mode) == (before.st_uid, before.st_gid, before.st_mode)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root keeps the server's data in a folder below /var/tmp")
def test_what_a_killed_process_left_goes_with_the_next_server(tmp_path: Path):
    """The folder of a throwaway server whose process is dead is removed; of one that lives, and of a stack, none is."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead, alive, stack = (private_folder(tmp_path / name) for name in ("dead", "alive", "stack"))
    try:
        for folder, number in ((dead, ended.pid), (alive, os.getpid()), (stack, None)):
            folder.mkdir(mode=0o710)
            if number is not None:
                (folder / temp_postgres.MARK).write_text(str(number), encoding="ascii")
        temp_postgres._forget_dead()
        assert [folder.is_dir() for folder in (dead, alive, stack)] == [False, True, True]
    finally:
        for folder in (dead, alive, stack):
            shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")
def test_as_root_the_server_cannot_change_its_own_programs(ledger_server: PostgresServer):
    """Programs are root's, data are the server's alone."""
    assert ledger_server.binaries.stat().st_uid == 0
    assert ledger_server.data.stat().st_uid == pwd.getpwnam("nobody").pw_uid
    assert ledger_server.data.stat().st_mode & 0o077 == 0
