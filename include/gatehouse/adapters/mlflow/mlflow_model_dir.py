"""An MLflow model folder around the ledger's very bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gatehouse.adapters.models.skops_format import loads, types_of
from gatehouse.ports import ModelTrust

MODEL_FILE = "model.skops"
ANY_SIZE = 2**40


def write_model_folder(path: Path, data: bytes, sha256: str, requirements: Sequence[str]) -> None:
    """Let MLflow write its own description of a scikit-learn model, then put the ledger's bytes in place of its dump:
    whoever downloads the version gets the file whose sha256 the ledger recorded."""
    from mlflow.sklearn import save_model

    types = types_of(data)
    trust = ModelTrust(tuple(types), ANY_SIZE)  # the gate judged these bytes, and here nothing is predicted
    save_model(
        loads(data, sha256, trust), str(path), serialization_format="skops", skops_trusted_types=types,
        pip_requirements=list(requirements),
    )  # fmt: skip
    (path / MODEL_FILE).write_bytes(data)
