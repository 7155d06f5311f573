"""An MLflow model folder around the ledger's very bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gatehouse.adapters.models.skops_format import ALLOWED, loads

MODEL_FILE = "model.skops"


def write_model_folder(path: Path, data: bytes, sha256: str, requirements: Sequence[str]) -> None:
    """Let MLflow write its own description of a scikit-learn model, then put the ledger's bytes in place of its dump:
    whoever downloads the version gets the file whose sha256 the ledger recorded."""
    from mlflow.sklearn import save_model

    save_model(
        loads(data, sha256), str(path), serialization_format="skops", skops_trusted_types=sorted(ALLOWED),
        pip_requirements=list(requirements),
    )  # fmt: skip
    (path / MODEL_FILE).write_bytes(data)
