"""Every secret's value is looked for wherever the stack writes: a search that would not see is told from one that finds
nothing by a word that has to be found in each place."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from compose.engine import CASE, Failed, Run

# Runs in a container: reads values as JSON, walks folders, and prints as JSON how many files it read and where a value is.
# Compressed files are read as what they hold: members of archives (models), text columns of Parquet, gzip.
IN_FILES = """
import gzip, io, json, pathlib, sys, zipfile
import pyarrow as pa, pyarrow.parquet as pq
asked = json.load(sys.stdin)
found, read = {}, 0
def texts(path, data):
    yield data
    if data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield from (archive.read(name) for name in archive.namelist())
    elif data[:4] == b"PAR1":
        table = pq.read_table(pa.BufferReader(data), use_threads=False, pre_buffer=False)  # no thread that outlives the end
        yield repr(table.schema.metadata).encode()
        for column in table.columns:
            if pa.types.is_dictionary(column.type) or pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
                yield repr(column.unique().to_pylist()).encode()
    elif data[:2] == bytes([31, 139]):
        yield gzip.decompress(data)
for folder in asked["folders"]:
    for path in sorted(pathlib.Path(folder).rglob("*")):
        if path.is_file():
            read += 1
            for text in texts(path, path.read_bytes()):
                for name, value in asked["values"].items():
                    if value.encode() in text:
                        found.setdefault(name, str(path))
print(json.dumps({"read": read, "found": found}))
"""
FOLDERS = {  # of which container, and a word that is in them for certain
    "worker-light": ("/var/lib/gatehouse/logs", "/var/lib/gatehouse/lake"),
    "mlflow": ("/var/lib/gatehouse/artifacts",),
}
DATABASES = ("airflow", "mlflow", "ledger")
SEEN = "a word that must be found"


def wanted(values: Mapping[str, str]) -> dict[str, str]:
    """The values, and as PostgreSQL writes them out of columns of bytes; and the word that must be found."""
    return {**values, **{f"{name} in hexadecimal": value.encode().hex() for name, value in values.items()}, SEEN: CASE}


def in_text(values: Mapping[str, str], text: str) -> set[str]:
    """The names of the values that a text holds."""
    return {name for name, value in values.items() if value in text}


def judge(place: str, found: Iterable[str]) -> None:
    """Failed when a secret is there, or when not even the word is, because then nothing was searched."""
    if set(found) != {SEEN}:
        raise Failed(f"secrets in {place}: found {sorted(found)}, expected only {SEEN}")


def canaries(run: Run, places: Mapping[str, tuple[str, ...]] = FOLDERS) -> None:
    """No secret's value in logs, command lines, descriptions, XCom, tables, files of the lake and of MLflow, messages."""
    values = wanted(run.secrets())
    containers = run.call(["docker", "inspect", *run.containers()])
    told = containers + run.processes + processes(run)
    for each in json.loads(containers):
        told += run.call(["docker", "logs", each["Id"]], check=False)
    judge("the containers' logs, command lines and descriptions", in_text(values, told))
    sizes = []
    for database in DATABASES:
        dump = run.inside("postgres", "pg_dump", "-h", "/tmp", "-U", "postgres", database)
        judge(f"the database {database}", in_text(values, dump))
        sizes.append(f"{database} {len(dump) / 1e6:.1f} MB")
    read = 0
    for service, folders in places.items():
        asked = json.dumps({"values": values, "folders": folders})
        answer = json.loads(run.inside(service, "python", "-c", IN_FILES, given=asked))
        judge(f"files of {service}: {answer['found']}", answer["found"])
        read += answer["read"]
    judge("the broker", in_text(values | {SEEN: "_kombu.binding"}, messages(run)))
    run.say(
        f"canaries: {len(run.secrets())} secrets looked for in {len(told) / 1e6:.1f} MB of logs and command lines, in the "
        f"databases ({', '.join(sizes)}), in {read} files and in the broker; none found"
    )


def processes(run: Run) -> str:
    """The command lines in all containers; the walk adds what they are while batches are under way."""
    return "".join(run.call(["docker", "top", each], check=False) for each in run.containers())


def messages(run: Run) -> str:
    """What the broker holds, read as it is kept on disk."""
    return run.inside("redis", "sh", "-c", "cat /srv/redis/appendonlydir/* | tr -cd '[:print:]\\n'")
