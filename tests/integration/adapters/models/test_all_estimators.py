"""Estimators of scikit-learn and of three boosting libraries: stored and loaded, or refused before they are fitted."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from catboost import CatBoostClassifier
from lightgbm import LGBMClassifier
from scipy.stats import loguniform
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import Birch
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.ensemble import (
    AdaBoostClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest, mutual_info_classif
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import RBF
from sklearn.impute import KNNImputer
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, SGDClassifier
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    TimeSeriesSplit,
    TunedThresholdClassifierCV,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, RadiusNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    OneHotEncoder,
    OrdinalEncoder,
    QuantileTransformer,
    SplineTransformer,
    StandardScaler,
    TargetEncoder,
)
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier
from xgboost import XGBClassifier, XGBRFClassifier

from gatehouse.adapters.models import SkopsModels
from gatehouse.core.audit.canonical_json import sha256
from gatehouse.errors import ModelError, UntrustedModelError
from gatehouse.ports import ModelTrust

RANDOM = np.random.default_rng(7)
ROWS = pd.DataFrame(RANDOM.normal(size=(60, 3)), columns=["a", "b", "c"])
ROWS["g"] = pd.Series(np.resize(["u", "v", "w"], 60)).astype("str")
LABELS = (ROWS["a"] + RANDOM.normal(size=60) > 0).to_numpy("float64")
NUMBERS = ["a", "b", "c"]
C = {"C": [0.1, 1.0]}


def columns(step="passthrough", names=NUMBERS):
    return ColumnTransformer([("it", step, names)])


def numbers(*steps):
    """A pipeline over the number columns."""
    return make_pipeline(columns(), *steps)


def boosted(library):
    return library(n_estimators=3, n_jobs=1, random_state=0)


def mixed():
    text = OneHotEncoder(handle_unknown="ignore")
    return ColumnTransformer([("numbers", StandardScaler(), NUMBERS), ("texts", text, ["g"])])


LOGISTIC = LogisticRegression()
TREE = DecisionTreeClassifier(max_depth=2, random_state=0)
CATEGORIES = columns(OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), ["g"])
ESTIMATORS = {
    "grid search": GridSearchCV(make_pipeline(mixed(), LOGISTIC), {"logisticregression__C": [0.1, 1.0]}, cv=2),
    "grid search inside, in the order of time": numbers(GridSearchCV(LOGISTIC, C, cv=TimeSeriesSplit(2))),
    "randomized search": numbers(RandomizedSearchCV(LOGISTIC, C, n_iter=2, cv=2, random_state=0)),
    "randomized search over a distribution": numbers(
        RandomizedSearchCV(LOGISTIC, {"C": loguniform(0.1, 1.0)}, n_iter=2, cv=2, random_state=0)
    ),
    "halving search": numbers(HalvingGridSearchCV(LOGISTIC, C, cv=2, min_resources=20, random_state=0)),
    "isotonic calibration": numbers(CalibratedClassifierCV(LOGISTIC, method="isotonic", cv=2)),
    "sigmoid calibration": numbers(CalibratedClassifierCV(LinearSVC(), cv=2)),
    "temperature calibration": numbers(CalibratedClassifierCV(LOGISTIC, method="temperature", cv=2)),
    "stacking": StackingClassifier([("one", numbers(LOGISTIC)), ("two", numbers(TREE))], cv=2),
    "voting": VotingClassifier([("one", numbers(LOGISTIC)), ("two", numbers(TREE))], voting="soft"),
    "tuned threshold": numbers(TunedThresholdClassifierCV(LOGISTIC, cv=2)),
    "fixed threshold": numbers(FixedThresholdClassifier(LOGISTIC, threshold=0.3)),
    "nearest neighbours": numbers(KNeighborsClassifier(3)),
    "nearest neighbours, ball tree": numbers(KNeighborsClassifier(3, algorithm="ball_tree")),
    "neighbours within a radius": numbers(RadiusNeighborsClassifier(10.0)),
    "neural network": numbers(MLPClassifier((3,), max_iter=5, random_state=0)),
    "neural network, sgd": numbers(MLPClassifier((3,), max_iter=5, random_state=0, solver="sgd")),
    "splines": make_pipeline(columns(SplineTransformer(n_knots=3)), LOGISTIC),
    "histogram boosting": make_pipeline(mixed(), HistGradientBoostingClassifier(max_iter=3, random_state=0)),
    "histogram boosting, categories": make_pipeline(
        CATEGORIES, HistGradientBoostingClassifier(max_iter=3, random_state=0, categorical_features=[0])
    ),
    "pipelines in pipelines": make_pipeline(make_pipeline(mixed(), make_pipeline(StandardScaler(with_mean=False))), LOGISTIC),
    "LightGBM": make_pipeline(mixed(), LGBMClassifier(n_estimators=3, n_jobs=1, verbose=-1, random_state=0)),
    "XGBoost": make_pipeline(mixed(), boosted(XGBClassifier)),
    "XGBoost's forest": make_pipeline(mixed(), boosted(XGBRFClassifier)),
    "CatBoost": numbers(
        CatBoostClassifier(iterations=3, verbose=0, allow_writing_files=False, random_seed=0, thread_count=1)
    ),
    "random forest": numbers(RandomForestClassifier(3, random_state=0)),
    "extra trees": numbers(ExtraTreesClassifier(3, random_state=0)),
    "gradient boosting": numbers(GradientBoostingClassifier(n_estimators=3, random_state=0)),
    "AdaBoost": numbers(AdaBoostClassifier(n_estimators=3, random_state=0)),
    "support vectors": numbers(CalibratedClassifierCV(SVC(), cv=2)),
    "Gaussian process": numbers(GaussianProcessClassifier(RBF(), optimizer=None, random_state=0)),
    "naive Bayes": numbers(GaussianNB()),
    "discriminant analysis": numbers(QuadraticDiscriminantAnalysis(reg_param=0.1)),
    "gradient descent": numbers(SGDClassifier(loss="log_loss", random_state=0)),
    "logistic with its own search": numbers(LogisticRegressionCV(Cs=2, cv=2, use_legacy_attributes=False)),
    "imputed by neighbours": numbers(KNNImputer(), LOGISTIC),
    "bins": numbers(KBinsDiscretizer(3, quantile_method="averaged_inverted_cdf"), LOGISTIC),
    "target encoder": make_pipeline(columns(TargetEncoder(random_state=0), ["g"]), LOGISTIC),
    "quantiles": numbers(QuantileTransformer(n_quantiles=10, random_state=0), LOGISTIC),
    "best features by a function": numbers(SelectKBest(mutual_info_classif, k=2), LOGISTIC),
    "columns by a selector": make_pipeline(columns(StandardScaler(), make_column_selector(dtype_include="number")), LOGISTIC),
    "texts": make_pipeline(columns(TfidfVectorizer(analyzer="char"), "g"), LOGISTIC),
    "hashed texts": make_pipeline(columns(HashingVectorizer(n_features=8), "g"), LOGISTIC),
    "one of NumPy's functions": numbers(FunctionTransformer(np.tanh), LOGISTIC),
}  # fmt: skip
REFUSED = {
    "a lambda": (numbers(FunctionTransformer(lambda x: 2 * x), LOGISTIC), "found a lambda.*`def double"),
    "a function that is no ufunc": (numbers(FunctionTransformer(np.ptp), LOGISTIC), r"found numpy.*ptp.*`def`"),
    "what skops cannot write": (numbers(Birch(), LOGISTIC), "found UnsupportedTypeException.*Birch"),
    "another library": (
        numbers(FunctionTransformer(pytest.importorskip), LOGISTIC),
        r'found _pytest.outcomes.importorskip.*risk owner.*trusted_types: \["_pytest',
    ),
}


def digests(names):
    """The hash of each estimator's file, fitted here."""
    models = SkopsModels()
    return [sha256(models.dump(clone(ESTIMATORS[name]).fit(ROWS, LABELS))) for name in names]


@pytest.mark.parametrize("name", ESTIMATORS)
def test_an_estimator_is_stored_and_loaded(name):
    """It predicts bit for bit what was stored, and a second fit gives the same bytes."""
    models, estimator = SkopsModels(), ESTIMATORS[name]
    models.check_storable(name, estimator)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        first, second = (models.fit(name, clone(estimator), ROWS, LABELS) for _ in range(2))
    data = models.dump(first)
    assert models.dump(second) == data
    loaded = models.load(data, sha256(data))
    np.testing.assert_array_equal(
        models.predict(loaded, ROWS, "classification"), models.predict(first, ROWS, "classification")
    )


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_stored_is_refused_before_it_is_fitted(name):
    """The message names what was found, and how to write it or the key that allows it."""
    estimator, told = REFUSED[name]
    with pytest.raises(ModelError, match=told):
        SkopsModels().check_storable(name, estimator)


def test_a_trusted_library_is_stored_by_the_key_that_the_refusal_names():
    """`trusted_types` allows just what it names."""
    estimator, _ = REFUSED["another library"]
    SkopsModels(trust=ModelTrust(types=("_pytest.*",))).check_storable("it", estimator)
    SkopsModels(trust=ModelTrust(types=("_pytest.outcomes.importorskip",))).check_storable("it", estimator)
    with pytest.raises(UntrustedModelError, match="importorskip"):
        SkopsModels(trust=ModelTrust(types=("_pytest.python.*",))).check_storable("it", estimator)


def test_the_bytes_are_those_of_another_process():
    """The order of a set, an address in memory, the process's random numbers and its number of threads leave no trace."""
    names = [
        "randomized search over a distribution", "hashed texts", "tuned threshold", "CatBoost", "histogram boosting",
        "histogram boosting, categories", "random forest", "logistic with its own search",
    ]  # fmt: skip
    code = (
        "import warnings; warnings.simplefilter('ignore')\n"
        f"from test_all_estimators import digests; print(*digests({names!r}))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={"PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "3", "PYTHONPATH": ":".join([str(Path(__file__).parent), *sys.path])},
    ).stdout  # fmt: skip
    assert told.split() == digests(names)
