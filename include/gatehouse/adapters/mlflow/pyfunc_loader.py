"""Loads a model that Gatehouse registered where there is no Gatehouse: MLflow imports this file out of the model's folder.

    model = mlflow.pyfunc.load_model("models:/flight_delays@champion")
    model.predict({"flights": flights, "weather": weather})  # raw tables
    model.predict(features)                                  # what features() returned

Both give one number a row: the probability of class 1, or the predicted number. Of more than two classes they give a table
with the probability of each class by its name.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

ABOUT, CODE = "gatehouse.json", "features"


def _load_pyfunc(data_path: str) -> GatehouseModel:
    """What MLflow calls; `data_path` is the model file."""
    return GatehouseModel(Path(data_path))


class GatehouseModel:
    """A model file, and the `features()` that it was trained with."""

    def __init__(self, file: Path) -> None:
        import skops.io

        self.about = json.loads((file.parent / ABOUT).read_text(encoding="utf-8"))
        data = file.read_bytes()
        if hashlib.sha256(data).hexdigest() != self.about["sha256"]:
            raise ValueError(f"{file} is not the model file that was registered: its sha256 is another one")
        self.code = _imported(self.about["code"], file.parent / CODE) if self.about["code"] else None
        self.estimator = skops.io.loads(data, trusted=self.about["types"])

    def predict(self, model_input: Any, params: dict[str, Any] | None = None) -> np.ndarray[Any, Any] | pd.DataFrame:
        """One number for each row of the features, or of the main table; of more than two classes a column for each."""
        import numpy as np

        features = self._features(model_input)
        if self.about["task"] == "classification":
            return np.asarray(self.estimator.predict_proba(features)[:, 1], dtype="float64")
        if self.about["task"] == "multiclass":
            return self._by_class(np.asarray(self.estimator.predict_proba(features), dtype="float64"))
        return np.asarray(self.estimator.predict(features), dtype="float64")

    def _by_class(self, chances: np.ndarray[Any, Any]) -> pd.DataFrame:
        """The probabilities by the names of the classes; 0 for one that the training rows did not hold."""
        import numpy as np
        import pandas as pd

        names = self.about["classes"]
        known = [names[int(place)] for place in np.asarray(self.estimator.classes_, dtype="float64")]
        return pd.DataFrame(chances, columns=known).reindex(columns=names, fill_value=0.0)

    def _features(self, given: Any) -> pd.DataFrame:
        columns = self.about["columns"]
        if not isinstance(given, Mapping) and set(columns) <= set(given.columns):
            kinds = {name: "category" for name, kind in columns.items() if kind == "category"}
            chosen: pd.DataFrame = given[list(columns)].astype(kinds)
            return chosen
        tables = self._tables(given)
        if self.code is None:
            raise ValueError(f"this model has no features(); give it its feature columns: {', '.join(columns)}")
        features: pd.DataFrame = self.code.features(tables)
        rows = len(tables[self.about["main"]])
        if len(features) != rows:
            raise ValueError(f"features() returned {len(features)} rows for {rows} rows of {self.about['main']!r}")
        return features

    def _tables(self, given: Any) -> dict[str, pd.DataFrame]:
        """The raw tables out of a mapping, or out of a frame of one row that has a table in each column."""
        import pandas as pd

        parts = given if isinstance(given, Mapping) else given.iloc[0].to_dict()
        parts = parts.get("tables", parts) if isinstance(parts.get("tables"), Mapping) else parts
        names = self.about["tables"]
        if not set(names) <= set(parts):
            raise ValueError(
                f"give all tables ({', '.join(names)}) or all feature columns; found {', '.join(map(str, parts))}"
            )
        tables = {name: part if isinstance(part := parts[name], pd.DataFrame) else pd.DataFrame(part) for name in names}
        return {name: _with_times(table, self.about["times"].get(name, [])) for name, table in tables.items()}


def _with_times(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """The table with its time columns as moments in UTC: JSON has them as texts."""
    import pandas as pd

    made = table.copy()
    for name in columns:
        if name in table and not pd.api.types.is_datetime64_any_dtype(table[name]):
            made[name] = pd.to_datetime(table[name], utc=True)
    return made


def _imported(name: str, folder: Path) -> Any:
    """The code of the use case, imported once as the module that the model file names."""
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, folder / "model.py", submodule_search_locations=[str(folder)])
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
