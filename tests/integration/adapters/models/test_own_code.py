"""Models that hold classes and functions of the use case's own `model.py`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gatehouse.adapters.models import SkopsModels
from gatehouse.core.audit.canonical_json import sha256
from gatehouse.errors import UntrustedModelError
from gatehouse.model_code import load_model_code
from gatehouse.own_code import own_code
from gatehouse.ports import ModelTrust

ROWS = pd.DataFrame({"a": np.arange(20.0), "b": np.arange(20.0) % 3})
LABELS = np.arange(20) % 2.0
MODEL = """
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from .helpers import FACTOR, half


class Clip(TransformerMixin, BaseEstimator):
    def __init__(self, top=1.0):
        self.top = top

    def fit(self, X, y=None):
        self.top_ = self.top * X.max().max()
        return self

    def transform(self, X):
        return X.clip(upper=self.top_) * FACTOR


def features(tables):
    return tables["rows"]


def target(outcomes):
    return outcomes["label"]


def estimators(seed):
    def inner(x):
        return x

    return {
        "own": make_pipeline(Clip(0.5), FunctionTransformer(half), LogisticRegression()),
        "lambda": make_pipeline(FunctionTransformer(lambda x: x), LogisticRegression()),
        "inner": make_pipeline(FunctionTransformer(inner), LogisticRegression()),
    }
"""
HELPERS = "FACTOR = 2\n\n\ndef half(x):\n    return x / 2\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "rides"
    path.mkdir()
    (path / "model.py").write_text(MODEL)
    (path / "helpers.py").write_text(HELPERS)
    (path / "source.py").write_text("raise SystemExit('no part of the model')")
    return path


def store(folder: Path) -> SkopsModels:
    return SkopsModels(trust=ModelTrust(code=own_code(folder / "model.py")))


def stored(folder: Path) -> tuple[bytes, np.ndarray]:
    """The file of the estimator, and what it predicted before it was stored."""
    models, estimator = store(folder), load_model_code(folder / "model.py").estimators(0)["own"]
    models.check_storable("own", estimator)
    fitted = models.fit("own", estimator, ROWS, LABELS)
    return models.dump(fitted), models.predict(fitted, ROWS, "classification")


def test_a_model_is_loaded_with_the_code_that_it_was_fitted_with(folder: Path) -> None:
    """It predicts what it predicted, whatever the folder holds by then, and names its types without the hash of their code. The
    clean process needs no folder at all."""
    data, predicted = stored(folder)
    assert SkopsModels().unusual_types(data) == ["model.Clip", "model.helpers.half"]
    (folder / "helpers.py").write_text(HELPERS.replace("x / 2", "x / 0"))
    (folder / "model.py").write_text(MODEL.replace("FACTOR\n", "0\n"))
    loaded = SkopsModels().load(data, sha256(data))
    np.testing.assert_array_equal(store(folder).predict(loaded, ROWS, "classification"), predicted)
    assert SkopsModels().probe(data, sha256(data), ROWS, "classification").error == ""


def test_the_bytes_name_no_folder(folder: Path) -> None:
    """The same code in another folder gives the same file; another line of code gives another one."""
    data, _ = stored(folder)
    other = folder.parent / "elsewhere" / "rides"
    folder.rename(other.parent.with_name("moved"))
    other.mkdir(parents=True)
    for name, text in (("model.py", MODEL), ("helpers.py", HELPERS)):
        (other / name).write_text(text)
    assert stored(other)[0] == data
    third = folder.parent / "third" / "rides"
    third.mkdir(parents=True)
    for name, text in (("model.py", MODEL), ("helpers.py", HELPERS + "# changed\n")):
        (third / name).write_text(text)
    assert stored(third)[0] != data


def test_only_what_the_model_imports_is_its_code(folder: Path) -> None:
    """A file beside it neither changes the hash nor goes into the model file."""
    code = own_code(folder / "model.py")
    assert list(code.files) == ["helpers.py", "model.py"]
    (folder / "source.py").write_text("# changed")
    assert own_code(folder / "model.py").sha256 == code.sha256
    (folder / "helpers.py").write_text(HELPERS + "# changed")
    assert own_code(folder / "model.py").sha256 != code.sha256
    alone = folder.parent / "model.py"
    alone.write_text("X = 1\n")
    assert own_code(alone).sha256 == sha256(alone.read_bytes())


@pytest.mark.parametrize(
    ("name", "told"), [("lambda", "found a lambda"), ("inner", r"found estimators.<locals>.inner")]
)
def test_a_function_without_a_name_of_its_own_is_refused_with_its_line(folder: Path, name: str, told: str) -> None:
    """A lambda, or a function inside another one, cannot be found again by its name."""
    estimator = load_model_code(folder / "model.py").estimators(0)[name]
    with pytest.raises(UntrustedModelError, match=rf"model\.py:\d+: .*{told}.*`def` or `class` at the top level"):
        store(folder).check_storable(name, estimator)


def test_code_runs_only_when_the_bytes_are_those_of_the_ledger(folder: Path) -> None:
    """A file with other code is refused by its hash before a line of it runs."""
    (folder / "model.py").write_text(MODEL + "\nimport sys\nsys.gatehouse_ran = getattr(sys, 'gatehouse_ran', 0) + 1\n")
    data, _ = stored(folder)
    ran = sys.gatehouse_ran  # type: ignore[attr-defined]
    with pytest.raises(UntrustedModelError, match="the ledger recorded"):
        SkopsModels().load(data, sha256(b"another"))
    assert sys.gatehouse_ran == ran  # type: ignore[attr-defined]


def test_a_type_of_code_that_the_file_does_not_hold_is_refused(folder: Path) -> None:
    """The names of own types carry the hash of the code in the same file."""
    import io
    import zipfile

    data, _ = stored(folder)
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(sink, "w") as made:
        for name in archive.namelist():
            made.writestr(name, b"half = print\n" if name == "code/helpers.py" else archive.read(name))
    forged = sink.getvalue()
    with pytest.raises(UntrustedModelError, match="gatehouse_code_"):
        SkopsModels().load(forged, sha256(forged))


def test_a_model_with_own_code_is_fitted_here_and_not_on_a_cluster(folder: Path) -> None:
    """The workers of a cluster cannot import it, so none is asked."""
    estimator = load_model_code(folder / "model.py").estimators(0)["own"]
    fitted = SkopsModels("tcp://127.0.0.1:1").fit("own", estimator, ROWS, LABELS)
    assert fitted[0].top_ == 9.5
