"""A model file: a skops archive, opened only when it is what the ledger recorded."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from gatehouse.core.canonical import sha256 as sha256_of
from gatehouse.errors import UntrustedModel

ALLOWED = frozenset(
    {
        "numpy.dtype",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.tree._tree.Tree",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
    }
)
LIMIT_BYTES = 64 * 2**20
LIMIT_UNPACKED = 512 * 2**20


def dumps(estimator: Any) -> bytes:
    """The estimator as a skops archive; UntrustedModel names the types that the loader would refuse."""
    import skops.io

    data: bytes = skops.io.dumps(estimator)
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
