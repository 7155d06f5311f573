"""An MLflow model folder around the ledger's very bytes, which anybody can use without Gatehouse."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gatehouse.adapters.mlflow import pyfunc_loader
from gatehouse.adapters.mlflow.model_requirements import requirements_of
from gatehouse.adapters.models.skops_format import code_of, types_of
from gatehouse.core.audit.canonical_json import sha256
from gatehouse.own_code import OwnCode
from gatehouse.ports import Registration

MODEL_FILE = "model.skops"
LOADER = "gatehouse_pyfunc"  # the loader's name in the folder: no module of an installed Gatehouse is hidden by it
KINDS = {"b": "boolean", "i": "long", "u": "long", "f": "double", "M": "datetime"}  # NumPy's kinds; all else is text


def write_model_folder(path: Path, registered: Registration) -> None:
    """Let MLflow describe a model that our loader opens, with signature, input example, pinned requirements, and the code of
    `features()`. Whoever downloads the version gets the file whose sha256 the ledger recorded."""
    from mlflow.models import Model
    from mlflow.pyfunc import save_model

    code = code_of(registered.data) or registered.code
    scratch = path.with_name("parts")
    scratch.mkdir()
    (scratch / MODEL_FILE).write_bytes(registered.data)
    shutil.copyfile(Path(pyfunc_loader.__file__), scratch / f"{LOADER}.py")
    example = registered.example
    with _quiet():
        save_model(
            str(path), loader_module=LOADER, data_path=str(scratch / MODEL_FILE), code_paths=[str(scratch / f"{LOADER}.py")],
            pip_requirements=requirements_of(registered, code), mlflow_model=Model(),
            signature=_signature(registered) if example is not None else None, input_example=example,
        )  # fmt: skip
    shutil.rmtree(scratch)
    _arrange(path, registered.data)
    (path / pyfunc_loader.ABOUT).write_text(json.dumps(_about(registered, code)), encoding="utf-8")
    for name, source in (code.files if code else {}).items():
        file = path / pyfunc_loader.CODE / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(source)


def _arrange(path: Path, data: bytes) -> None:
    """Put the model file at the folder's top, where it has always been, and name scikit-learn's flavour beside ours."""
    from mlflow.models import Model

    shutil.move(path / "data" / MODEL_FILE, path / MODEL_FILE)
    (path / "data").rmdir()
    model = Model.load(str(path))
    model.flavors["python_function"]["data"] = MODEL_FILE
    if code_of(data) is None:  # scikit-learn's flavour could not import it
        import sklearn

        model.add_flavor(
            "sklearn", code=None, pickled_model=MODEL_FILE, serialization_format="skops",
            sklearn_version=sklearn.__version__, skops_trusted_types=types_of(data),
        )  # fmt: skip
    model.save(str(path / "MLmodel"))


def _about(registered: Registration, code: OwnCode | None) -> Mapping[str, Any]:
    """What our loader reads beside the model file."""
    return {
        "sha256": sha256(registered.data),
        "task": registered.task,
        "classes": list(registered.classes),
        "types": types_of(registered.data),
        "columns": dict(registered.columns),
        "code": code.archived_module if code else "",
        "main": next(iter(registered.tables), ""),
        "tables": list(registered.tables),
        "times": {name: list(columns) for name, columns in registered.tables.items()},
    }


def _signature(registered: Registration) -> Any:
    """Either all feature columns, or all raw tables by their names, or both in one column `tables`: so each is optional."""
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types.schema import AnyType, ColSpec, Object, Property, Schema, TensorSpec

    assert registered.example is not None
    kinds = {str(name): getattr(kind, "kind", "O") for name, kind in registered.example.dtypes.items()}
    anything = AnyType()  # type: ignore[no-untyped-call]
    columns: list[Any] = [ColSpec(KINDS.get(kind, "string"), name, required=False) for name, kind in kinds.items()]
    if registered.tables:
        tables = [name for name in registered.tables if name not in kinds]
        columns += [ColSpec(anything, name, required=False) for name in tables]
        each = [Property(name, anything, required=False) for name in registered.tables]
        columns += [ColSpec(Object(each), "tables", required=False)] if "tables" not in {*kinds, *tables} else []
    single: list[Any] = [TensorSpec(np.dtype("float64"), (-1,))]
    return ModelSignature(Schema(columns), Schema([ColSpec("double", name) for name in registered.classes] or single))


@contextmanager
def _quiet() -> Iterator[None]:
    """MLflow warns of what is meant here: that columns of the example are integers and may be missing."""
    import warnings

    log = logging.getLogger("mlflow")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)
