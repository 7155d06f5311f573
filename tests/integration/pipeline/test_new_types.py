"""The types of a challenger's file against those that models in production have held."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sklearn.pipeline import make_pipeline
from xgboost import XGBClassifier

from gatehouse.core.gate.new_types import NEW_TYPES
from gatehouse.pipeline.judge.new_types import find_new_types
from support.rides import ctx, folder, looped, open_site  # noqa: F401 - four of them are fixtures


def test_types_of_a_new_library_are_named_and_known_ones_are_not(looped) -> None:
    """The champion's own file holds nothing new. One with XGBoost names its types."""
    champion = looped.ledger.models.champion("rides").model
    assert find_new_types(looped, champion) == {}
    fitted = make_pipeline(XGBClassifier(n_estimators=1)).fit(np.arange(8.0).reshape(-1, 1), np.arange(8) % 2)
    file = looped.lake.put(looped.models.dump(fitted), "models", "skops")
    found = find_new_types(looped, replace(champion, file=file))
    assert found == {NEW_TYPES: ["xgboost.core.Booster", "xgboost.sklearn.XGBClassifier"]}
