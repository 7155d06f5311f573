"""A model file: a skops archive, opened only when it is what the ledger recorded.

skops names what it stores by addresses in memory and stamps entries with the time. Both are replaced when a model is
stored, by numbers in the order of appearance and one fixed date: the same model has the same bytes, whichever process
fitted it and however often.
"""

from __future__ import annotations

import io
import itertools
import json
import zipfile
from typing import TYPE_CHECKING, Any

from gatehouse.core.audit.canonical_json import sha256 as sha256_of
from gatehouse.errors import UntrustedModel

if TYPE_CHECKING:
    from collections.abc import Iterator

ALLOWED = frozenset(
    {
        "numpy.dtype",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.tree._tree.Tree",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
    }
)
SCHEMA, EPOCH = "schema.json", (1980, 1, 1, 0, 0, 0)
LIMIT_BYTES = 64 * 2**20
LIMIT_UNPACKED = 512 * 2**20


def dumps(estimator: Any) -> bytes:
    """The estimator as a skops archive; UntrustedModel names the types that the loader would refuse."""
    import skops.io

    data = renumber_nodes(skops.io.dumps(estimator))
    _refuse_foreign_types(data, "the data scientist must choose estimators without them in model.py")
    return data


def loads(data: bytes, sha256: str) -> Any:
    """The estimator of an archive whose bytes, size and types are all as they must be."""
    import skops.io
    from sklearn.base import BaseEstimator

    if len(data) > LIMIT_BYTES:
        raise UntrustedModel(f"model file of {len(data):,} bytes; allowed: {LIMIT_BYTES:,}")
    if sha256_of(data) != sha256:
        raise UntrustedModel(f"model file has sha256 {sha256_of(data)[:12]}..., the ledger recorded {sha256[:12]}...")
    _refuse_bombs(data)
    _refuse_foreign_types(data, "the file is not one that Gatehouse wrote")
    estimator = skops.io.loads(data, trusted=sorted(ALLOWED))
    if not isinstance(estimator, BaseEstimator):
        raise UntrustedModel(f"model file holds a {type(estimator).__name__}; allowed: a scikit-learn estimator")
    return estimator


def renumber_nodes(data: bytes) -> bytes:
    """The same archive with objects numbered in the order of appearance and without times."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    names: dict[str, str] = {}
    schema = _numbered(json.loads(entries.pop(SCHEMA)), {}, names, itertools.count(1))
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for old, new in names.items():
            archive.writestr(zipfile.ZipInfo(new, EPOCH), entries[old], zipfile.ZIP_DEFLATED)
        archive.writestr(zipfile.ZipInfo(SCHEMA, EPOCH), json.dumps(schema), zipfile.ZIP_DEFLATED)
    return sink.getvalue()


def _numbered(node: Any, ids: dict[int, int], files: dict[str, str], numbers: Iterator[int]) -> Any:
    """A node of the schema with new numbers. Which texts and numbers are one object in memory means nothing and differs
    between processes, so each of those gets a number of its own; objects that are shared stay shared."""
    if isinstance(node, list):
        return [_numbered(each, ids, files, numbers) for each in node]
    if not isinstance(node, dict):
        return node
    made: dict[str, Any] = {}
    for key, value in node.items():
        if key == "__id__" and isinstance(value, int):
            made[key] = next(numbers) if node.get("is_json") else ids.setdefault(value, next(numbers))
        elif key == "file" and isinstance(value, str):
            made[key] = files.setdefault(value, f"{len(files) + 1}{value[value.rindex('.') :]}")
        else:
            made[key] = _numbered(value, ids, files, numbers)
    return made


def _refuse_bombs(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except zipfile.BadZipFile as error:
        raise UntrustedModel(f"model file is not a skops archive: {error}") from None
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > LIMIT_UNPACKED:
        raise UntrustedModel(f"model file unpacks to {unpacked:,} bytes; allowed: {LIMIT_UNPACKED:,}")
    strange = [entry.filename for entry in entries if entry.filename.startswith(("/", "\\")) or ".." in entry.filename]
    if strange:
        raise UntrustedModel(f"model file has an entry outside itself: {strange[0]!r}")


def _refuse_foreign_types(data: bytes, advice: str) -> None:
    import skops.io

    try:
        foreign = sorted(set(skops.io.get_untrusted_types(data=data)) - ALLOWED)
    except Exception as error:  # a damaged archive fails in many ways inside the parser
        raise UntrustedModel(f"model file cannot be read: {type(error).__name__}: {error}") from error
    if foreign:
        raise UntrustedModel(f"model file holds {', '.join(foreign)}; allowed: {', '.join(sorted(ALLOWED))}; {advice}")
