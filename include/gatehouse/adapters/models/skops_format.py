"""A model file: a skops archive, opened only when it is what the ledger recorded.

A file whose types are of the use case's own code has that code as entries below `code/`. It is run only after the file's
bytes were compared with the ledger's hash, as a module that is named by its own hash.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from contextlib import suppress
from importlib import import_module
from typing import Any

from gatehouse.adapters.models.archive_bytes import SCHEMA, canonical_archive, modules_in
from gatehouse.adapters.models.archived_code import import_archived
from gatehouse.adapters.models.trusted_types import DESCRIPTION, foreign_types
from gatehouse.core.audit.canonical_json import sha256 as sha256_of
from gatehouse.core.config.trusted_types import advice
from gatehouse.errors import UntrustedModelError
from gatehouse.formatting import count
from gatehouse.own_code import ARCHIVED, OwnCode
from gatehouse.ports import ModelTrust

CODE = "code/"
MIB = 2**20
USUAL = ("sklearn", "numpy", "scipy", "collections", "functools", "builtins")
UNPACKED = 8  # times the limit of a file: what it may unpack to
NOBODY = ModelTrust()


def dumps(estimator: Any, trust: ModelTrust = NOBODY) -> bytes:
    """The estimator as a skops archive; UntrustedModelError names the types that the loader would refuse."""
    import skops.io

    data, own = skops.io.dumps(estimator), trust.code
    if own is not None and own.module.encode() not in data:
        own = None
    modules = {own.module: own.archived_module} if own else {}
    data = canonical_archive(
        data, modules, {f"{CODE}{name}": source for name, source in own.files.items()} if own else {}
    )
    _refuse_foreign_types(data, trust, own.archived_module if own else "")
    _refuse_large(data, trust)
    _code_in(data, UNPACKED * trust.max_bytes)  # what the loader would refuse is not written
    return data


def loads(data: bytes, sha256: str, trust: ModelTrust = NOBODY) -> Any:
    """The estimator of an archive whose bytes, size and types are all as they must be."""
    import skops.io
    from sklearn.base import BaseEstimator

    _refuse_large(data, trust)
    if sha256_of(data) != sha256:
        raise UntrustedModelError(
            f"model file has sha256 {sha256_of(data)[:12]}..., the ledger recorded {sha256[:12]}..."
        )
    files = _code_in(data, UNPACKED * trust.max_bytes)
    types = _refuse_foreign_types(data, trust, OwnCode("", files).archived_module if files else "")
    if files:
        import_archived(files)
    estimator = skops.io.loads(data, trusted=types)
    if not isinstance(estimator, BaseEstimator) and not hasattr(estimator, "predict"):
        raise UntrustedModelError(f"model file holds a {type(estimator).__name__}; allowed: a scikit-learn estimator")
    return estimator


def types_of(data: bytes) -> list[str]:
    """The types in an archive that skops does not trust by itself."""
    import skops.io

    try:
        return sorted(skops.io.get_untrusted_types(data=data))
    except Exception as error:  # a damaged archive fails in many ways inside the parser
        raise UntrustedModelError(f"model file cannot be read: {type(error).__name__}: {error}") from error


def unusual_types(data: bytes) -> list[str]:
    """The types in an archive beyond those of `USUAL`; those of own code by their names there, whatever its hash is."""
    names = {re.sub(rf"^{ARCHIVED}\w+", "model", name) for name in types_of(data)}
    return sorted(name for name in names if name.partition(".")[0] not in USUAL)


def code_of(data: bytes) -> OwnCode | None:
    """The own code that an archive holds; None where its types are all of libraries."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = [name for name in archive.namelist() if name.startswith(CODE)]
        return OwnCode("", {name.removeprefix(CODE): archive.read(name) for name in names}) if names else None


def holds_code(data: bytes) -> bool:
    """Whether an archive names own code; False for what is no archive, which `loads` refuses."""
    with suppress(zipfile.BadZipFile), zipfile.ZipFile(io.BytesIO(data)) as archive:
        return any(name.startswith(CODE) for name in archive.namelist())
    return False


def modules_of(data: bytes) -> set[str]:
    """The modules that an archive's types are of."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return modules_in(json.loads(archive.read(SCHEMA)))


def import_libraries(data: bytes, sha256: str) -> None:
    """Import the modules that opening a file needs, without its own code; nothing for a file that would be refused."""
    if sha256 != sha256_of(data):
        return
    with suppress(zipfile.BadZipFile, ImportError, KeyError, ValueError):
        for name in sorted(modules_of(data)):
            if not name.startswith(ARCHIVED):
                import_module(name)


def _refuse_large(data: bytes, trust: ModelTrust) -> None:
    if len(data) > trust.max_bytes:
        raise UntrustedModelError(
            "the model file is too large", found=f"{count(len(data))} bytes", owner="risk owner",
            allowed=f"{count(trust.max_bytes)} bytes; `max_model_mib: {-(-len(data) // MIB)}` in gate.yaml allows it",
        )  # fmt: skip


def _code_in(data: bytes, most: int) -> dict[str, bytes]:
    """The own code in an archive, after a look at what the archive says of its entries."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _refuse_bombs(archive.infolist(), most)
            names = [name for name in archive.namelist() if name.startswith(CODE)]
            return {name.removeprefix(CODE): archive.read(name) for name in names}
    except zipfile.BadZipFile as error:
        raise UntrustedModelError(f"model file is not a skops archive: {error}") from None


def _refuse_bombs(entries: list[zipfile.ZipInfo], most: int) -> None:
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > most:
        raise UntrustedModelError(f"model file unpacks to {unpacked:,} bytes; allowed: {most:,}")
    strange = [entry.filename for entry in entries if entry.filename.startswith(("/", "\\")) or ".." in entry.filename]
    if strange:
        raise UntrustedModelError(f"model file has an entry outside itself: {strange[0]!r}")


def _refuse_foreign_types(data: bytes, trust: ModelTrust, code_module: str) -> list[str]:
    """The types that skops does not know itself; UntrustedModelError when one of them is not trusted."""
    types = types_of(data)
    foreign = foreign_types(types, trust, code_module)
    if not foreign:
        return types
    keys = sorted({key for name in foreign if (key := advice(name))})
    remedy = f"the risk owner allows it by `{keys[0]}` in gate.yaml" if keys else ""
    raise UntrustedModelError(
        "a model file may not hold every type", found=", ".join(foreign), owner="data scientist",
        allowed="; ".join(part for part in (f"{DESCRIPTION} (write a `def` there)", remedy) if part),
    )  # fmt: skip
