"""A registered model is used by plain MLflow: in a process that knows no Gatehouse, from raw tables or from features."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.tree import DecisionTreeClassifier

from gatehouse.adapters.mlflow.mlflow_model_dir import write_model_folder
from gatehouse.adapters.models import SkopsModels
from gatehouse.model_code import load_model_code
from gatehouse.own_code import own_code
from gatehouse.ports import ModelTrust, Registration

MODEL = """
import lightgbm
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from .helpers import half


def features(tables):
    rides = tables["rides"].merge(tables["weather"], on="hour", how="left")
    return rides.assign(day=rides["at"].dt.day)[["amount", "wind", "day"]]


def target(outcomes):
    return outcomes["label"]


def estimators(seed):
    library = lightgbm.LGBMClassifier(n_estimators=2, n_jobs=1, verbose=-1, min_child_samples=5)
    return {"own": make_pipeline(FunctionTransformer(half), LogisticRegression()), "library": library}
"""
AT = pd.date_range("2024-01-01", periods=40, freq="D", tz="UTC")
RIDES = pd.DataFrame({"hour": np.arange(40) % 4, "amount": np.arange(40) % 7 * 1.0, "at": AT})
WEATHER = pd.DataFrame({"hour": range(4), "wind": [1.0, 5.0, 2.0, 8.0]})
TABLES = {"rides": RIDES, "weather": WEATHER}
# What a person without Gatehouse runs; `-P` and no PYTHONPATH: what is not installed cannot be imported.
PROGRAM = """
import importlib.util, json, sys, warnings
warnings.simplefilter("ignore")
import mlflow, pandas as pd
from fastapi.testclient import TestClient
from mlflow.pyfunc import scoring_server
assert importlib.util.find_spec("gatehouse") is None
rides, weather, features = (pd.read_parquet(f"{name}.parquet") for name in ("rides", "weather", "features"))
tables = {"rides": rides, "weather": weather}
records = {name: json.loads(table.to_json(orient="records", date_format="iso")) for name, table in tables.items()}
forms = [tables, {"tables": tables}, features, features[["day", "wind", "amount"]], pd.DataFrame([{"tables": records}])]
for folder in sys.argv[1:]:
    model = mlflow.pyfunc.load_model(folder)
    answers = [model.predict(form).tolist() for form in forms]
    server = TestClient(scoring_server.init(model))  # what `mlflow models serve` runs
    for asked in ({"dataframe_records": [{"tables": records}]}, {"dataframe_split": features.to_dict(orient="split")}):
        answers.append(server.post("/invocations", json=asked).json()["predictions"])
    print(json.dumps(answers))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "rides"
    path.mkdir()
    (path / "model.py").write_text(MODEL)
    (path / "helpers.py").write_text("def half(x):\n    return x / 2\n")
    return path


def registration(folder: Path, name: str) -> tuple[Registration, np.ndarray]:
    """What is registered of an estimator, and what it predicts here."""
    code = own_code(folder / "model.py")
    models, module = SkopsModels(trust=ModelTrust(code=code)), load_model_code(folder / "model.py")
    features = module.features(TABLES)
    fitted = models.fit(name, module.estimators(0)[name], features, np.arange(40) % 2.0)
    columns = {str(column): str(kind) for column, kind in features.dtypes.items()}
    given = Registration(
        models.dump(fitted), [], "", "classification", columns, features.head(3), {"rides": ["at"], "weather": []}, code
    )
    return given, models.predict(fitted, features, "classification")


def test_plain_mlflow_predicts_and_serves_from_tables_and_from_features(folder: Path) -> None:
    """Raw tables (also as JSON has them) and features in any order give the very numbers that Gatehouse gives."""
    expected = {}
    for name in ("own", "library"):
        given, expected[name] = registration(folder, name)
        write_model_folder(folder / name, given)
    features = load_model_code(folder / "model.py").features(TABLES)
    for name, table in {**TABLES, "features": features}.items():
        table.to_parquet(folder / f"{name}.parquet")
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, *expected],
        capture_output=True, text=True, check=False, cwd=folder, env={"HOME": str(folder)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    for name, line in zip(expected, done.stdout.splitlines()[-2:], strict=True):
        answers = json.loads(line)
        assert len(answers) == 7
        for found in answers:
            np.testing.assert_array_equal(found, expected[name])


def test_more_than_two_classes_come_as_a_table_by_name(folder: Path) -> None:
    """Each class has its column and its place in the signature; one that training did not hold has probability 0."""
    import mlflow

    models, module = SkopsModels(classes=4), load_model_code(folder / "model.py")
    features = module.features(TABLES)
    fitted = models.fit("it", DecisionTreeClassifier(max_depth=2), features, np.array([0.0, 2.0, 3.0, 2.0] * 10))
    columns = {str(column): str(kind) for column, kind in features.dtypes.items()}
    names = ("apple", "pear", "quince", "fig: dried")
    given = Registration(models.dump(fitted), [], "", "multiclass", columns, features.head(3), classes=names)
    write_model_folder(folder / "model", given)
    loaded = mlflow.pyfunc.load_model(str(folder / "model"))
    found = loaded.predict(features)
    assert list(found) == list(names)
    np.testing.assert_array_equal(found.to_numpy(), models.predict(fitted, features, "multiclass"))
    assert [each.name for each in loaded.metadata.signature.outputs.inputs] == list(names)


def test_the_folder_says_what_the_model_takes_and_needs(folder: Path) -> None:
    """A signature, an example that fits it, pinned requirements of types and code, and the ledger's very bytes."""
    from mlflow.models import Model

    given, _ = registration(folder, "library")
    path = folder / "model"
    write_model_folder(path, given)
    about = Model.load(str(path))
    assert {each.name: str(each.type) for each in about.signature.inputs.inputs}["amount"] == "DataType.double"
    assert {each.name for each in about.signature.inputs.inputs} == {
        "amount", "wind", "day", "rides", "weather", "tables",
    }  # fmt: skip
    assert list(about.load_input_example(str(path)).columns) == ["amount", "wind", "day"]
    needed = (path / "requirements.txt").read_text().splitlines()
    for package in ("lightgbm", "scikit-learn", "skops", "mlflow", "numpy"):
        assert f"{package}=={version(package)}" in needed
    assert (path / "model.skops").read_bytes() == given.data
    assert "sklearn" in about.flavors


def test_without_the_code_of_the_training_it_takes_features_only(folder: Path) -> None:
    """A model whose features() has changed since says so, and predicts from features."""
    from dataclasses import replace

    import mlflow

    given, expected = registration(folder, "library")
    write_model_folder(folder / "model", replace(given, code=None, tables={}))
    model = mlflow.pyfunc.load_model(str(folder / "model"))
    features = load_model_code(folder / "model.py").features(TABLES)
    np.testing.assert_array_equal(model.predict(features), expected)
    with pytest.raises(ValueError, match=r"has no features\(\); give it its feature columns: amount, wind, day"):
        model.predict(features[["amount"]])
