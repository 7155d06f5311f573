"""Which types a model file may hold: what scikit-learn and three boosting libraries store, NumPy's own, and what is trusted.

skops builds an object without running its constructor, and calls functions that the file names. So a class of a library
may be stored, and a function only when it computes and does nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from importlib import import_module

from gatehouse.core.config.trusted_types import matches
from gatehouse.own_code import ARCHIVED
from gatehouse.ports import ModelTrust

ALWAYS = frozenset(
    {
        "collections.OrderedDict", "functools.partial", "numpy.dtype",
        "scipy._lib.array_api_compat.numpy._aliases.asarray", "scipy.interpolate._bsplines.BSpline",
        "scipy.stats._distn_infrastructure.rv_continuous_frozen", "scipy.stats._distn_infrastructure.rv_discrete_frozen",
        "sklearn.utils.validation.check_array",
        "catboost.core.CatBoost", "catboost.core.CatBoostClassifier", "catboost.core.CatBoostRegressor",
        "lightgbm.basic.Booster", "lightgbm.sklearn.LGBMClassifier", "lightgbm.sklearn.LGBMRegressor",
        "xgboost.core.Booster", "xgboost.sklearn.XGBClassifier", "xgboost.sklearn.XGBRegressor",
        "xgboost.sklearn.XGBRFClassifier", "xgboost.sklearn.XGBRFRegressor",
    }
)  # fmt: skip
DISTRIBUTIONS = ("scipy.stats._continuous_distns.", "scipy.stats._discrete_distns.")  # of a randomized search
NO_ESTIMATORS = ("sklearn.datasets.", "sklearn.externals.", "sklearn.tests.", "sklearn.utils._testing.")
PURE_FUNCTIONS = ("sklearn.metrics", "sklearn.metrics.pairwise", "sklearn.feature_selection")
DESCRIPTION = (
    "what scikit-learn, LightGBM, XGBoost and CatBoost store, NumPy's and SciPy's element-wise functions, and the classes "
    "and functions of model.py"
)


def foreign_types(names: Iterable[str], trust: ModelTrust, code_module: str) -> list[str]:
    """The names that a model file of this use case may not hold; `code_module` is that of the code inside it."""
    return sorted(name for name in set(names) if not _is_trusted(name, trust, code_module))


def _is_trusted(name: str, trust: ModelTrust, code_module: str) -> bool:
    if name.startswith(ARCHIVED):
        return bool(code_module) and name.startswith(f"{code_module}.")
    if name in ALWAYS or any(matches(pattern, name) for pattern in trust.types):
        return True
    return _is_distribution(name) if name.startswith("scipy.") else name.startswith("sklearn.") and _is_sklearn(name)


def _is_distribution(name: str) -> bool:
    return name.startswith(DISTRIBUTIONS) and name.endswith("_gen")


@lru_cache(maxsize=1024)
def _is_sklearn(name: str) -> bool:
    """Whether scikit-learn itself defines this class, or it is one of the functions that only compute."""
    module, _, attribute = name.rpartition(".")
    if name.startswith(NO_ESTIMATORS) or ".tests." in name:
        return False
    try:
        found = getattr(import_module(module), attribute, None)
    except ImportError:
        return False
    if isinstance(found, type):
        return found.__module__ == module and found.__name__ == attribute
    return found is not None and any(
        attribute in getattr(import_module(public), "__all__", ())
        and getattr(import_module(public), attribute, None) is found
        for public in PURE_FUNCTIONS
    )
