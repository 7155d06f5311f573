"""The bytes of a stored model depend on the model and on nothing else."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from gatehouse.adapters.models import SkopsModels
from gatehouse.core.audit.canonical_json import sha256

RANDOM = np.random.default_rng(3)
X = pd.DataFrame(RANDOM.normal(size=(120, 3)), columns=["a", "b", "c"])
Y = (X["a"] + RANDOM.normal(size=120) > 0).to_numpy("float64")


@pytest.mark.parametrize(
    "estimator",
    [
        LogisticRegression(),
        RandomForestClassifier(n_estimators=4, random_state=1),
        HistGradientBoostingClassifier(max_iter=4, random_state=1),
        CalibratedClassifierCV(LogisticRegression(), cv=3),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_two_fits_and_a_copy_have_the_same_bytes(estimator: BaseEstimator) -> None:
    """Fitted twice, or carried through another process, a model is one file of the lake; it predicts as before."""
    models = SkopsModels()
    fitted = models.fit("it", estimator, X, Y)
    data = models.dump(fitted)
    assert models.dump(models.fit("it", estimator, X, Y)) == data
    assert models.dump(pickle.loads(pickle.dumps(fitted))) == data
    loaded = models.load(data, sha256(data))
    np.testing.assert_array_equal(loaded.predict_proba(X), fitted.predict_proba(X))
