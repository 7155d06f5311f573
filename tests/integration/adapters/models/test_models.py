"""Model files: what the loader refuses, and what survives the way to bytes and back."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from gatehouse.adapters.models import SkopsModels
from gatehouse.core.audit.canonical_json import sha256
from gatehouse.errors import ModelError, UntrustedModelError
from gatehouse.ports import ModelTrust

MODELS = SkopsModels()
RANDOM = np.random.default_rng(0)
ROWS = pd.DataFrame(RANDOM.normal(size=(400, 3)), columns=["a", "b", "c"])
LABELS = (ROWS["a"] > 0).to_numpy("float64")


class Canary:
    """An object whose unpickling leaves a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def fitted():
    return MODELS.fit("plain", make_pipeline(StandardScaler(), LogisticRegression()), ROWS, LABELS)


@pytest.mark.parametrize(
    "estimator",
    [LogisticRegression(), HistGradientBoostingClassifier(max_iter=10), DecisionTreeClassifier(max_depth=3)],
    ids=lambda estimator: type(estimator).__name__,
)
def test_predictions_survive_the_way_to_bytes_and_back(estimator):
    """A loaded model predicts bit for bit what the stored one predicted."""
    model = MODELS.fit("any", make_pipeline(StandardScaler(), estimator), ROWS, LABELS)
    data = MODELS.dump(model)
    again = MODELS.load(data, sha256(data))
    first, second = (MODELS.predict(each, ROWS, "classification") for each in (model, again))
    assert (first == second).all()


def test_a_regression_predicts_numbers():
    """The task decides between a probability and a number."""
    model = MODELS.fit("ridge", make_pipeline(StandardScaler(), Ridge()), ROWS, 10 * LABELS)
    assert MODELS.predict(model, ROWS, "regression").max() > 1


@pytest.mark.parametrize("damage", ["flipped", "truncated", "another"])
def test_bytes_that_the_ledger_did_not_record_are_refused(damage):
    """One changed bit, a missing end or another file: the sha256 tells."""
    data = MODELS.dump(fitted())
    changed = {
        "flipped": data[:-1] + bytes([data[-1] ^ 1]),
        "truncated": data[:-10],
        "another": MODELS.dump(fitted()) + b"x",
    }[damage]
    with pytest.raises(UntrustedModelError, match="the ledger recorded"):
        MODELS.load(changed, sha256(data))


def test_a_pickle_is_refused_and_never_run(tmp_path):
    """A pickle with the right sha256 is still no skops archive; nothing in it runs."""
    canary = tmp_path / "canary"
    data = pickle.dumps(Canary(canary))
    with pytest.raises(UntrustedModelError, match="not a skops archive"):
        MODELS.load(data, sha256(data))
    assert not canary.exists()


def test_a_type_off_the_list_is_refused_by_name():
    """A function inside a model is code: neither written nor loaded, and the message names it."""
    hostile = make_pipeline(FunctionTransformer(func=np.ptp), LogisticRegression())
    with pytest.raises(UntrustedModelError, match=r"numpy.*ptp.*allowed: what scikit-learn.*model\.py"):
        MODELS.dump(hostile)
    data = skops.io.dumps(hostile)
    with pytest.raises(UntrustedModelError, match=r"numpy.*ptp"):
        MODELS.load(data, sha256(data))


def test_a_bomb_and_an_entry_outside_the_archive_are_refused():
    """Declared sizes are added up before anything is unpacked, and names stay inside the archive."""
    models = SkopsModels(trust=ModelTrust(max_bytes=1_250))
    for name, size, told in (("big.npy", 20_000, "unpacks to 20,000"), ("../outside.npy", 10, "outside itself")):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
            made.writestr(name, b"0" * size)
        with pytest.raises(UntrustedModelError, match=told):
            models.load(buffer.getvalue(), sha256(buffer.getvalue()))


def test_a_file_above_the_limit_is_neither_written_nor_read():
    """The message names the key of `gate.yaml` and a value that allows the file."""
    data = MODELS.dump(fitted())
    small = SkopsModels(trust=ModelTrust(max_bytes=1000))
    for refused in (lambda: small.dump(fitted()), lambda: small.load(data, sha256(data))):
        with pytest.raises(
            UntrustedModelError, match=r"too large; found .* bytes; allowed: 1,000 bytes; `max_model_mib: 1`"
        ):
            refused()


def test_an_archive_of_something_else_is_refused():
    """A list is not a scikit-learn estimator."""
    data = skops.io.dumps([1, 2, 3])
    with pytest.raises(UntrustedModelError, match="holds a list"):
        MODELS.load(data, sha256(data))


def test_one_class_and_an_estimator_that_raises_are_named():
    """What cannot be fitted is one sentence with the candidate's name."""
    with pytest.raises(ModelError, match=r"'one'.*one class only; found 1 in all of 400"):
        MODELS.fit("one", LogisticRegression(), ROWS, np.ones(400))
    with pytest.raises(ModelError, match=r"'bad' raised in fit"):
        MODELS.fit("bad", LogisticRegression(C=-1), ROWS, LABELS)


def test_predictions_that_are_not_numbers_are_refused():
    """NaN from a model is an error with a count, never a score."""

    class Absent(LogisticRegression):
        def predict_proba(self, X):
            return np.full((len(X), 2), np.nan)

    with pytest.raises(ModelError, match="400 values that are not finite"):
        MODELS.predict(Absent(), ROWS, "classification")


def test_the_probe_measures_in_a_clean_process_and_tells_what_went_wrong():
    """A good file gives seconds and rows a second; a wrong one gives its error and no number."""
    data = MODELS.dump(fitted())
    good = MODELS.probe(data, sha256(data), ROWS, "classification")
    assert good.error == ""
    assert good.rows_per_second > 0
    bad = MODELS.probe(data, "0" * 64, ROWS, "classification")
    assert "the ledger recorded" in bad.error
    assert bad.load_seconds is None


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="memory is told by Linux only")
def test_the_probe_measures_the_memory_of_a_prediction_beyond_the_libraries():
    """More rows need more; what the process that asks has taken itself does not count, and an error has no number."""
    wide = np.ones((400, 20_000))  # 64 MB here, which a child's `ru_maxrss` would inherit
    data = MODELS.dump(fitted())
    small = MODELS.probe(data, sha256(data), ROWS, "classification")
    assert wide.nbytes == 64_000_000
    assert 0 < small.memory_bytes < 30_000_000
    many = pd.concat([ROWS] * 500, ignore_index=True)  # 200,000 rows: 4.8 MB for each copy of the three columns
    large = MODELS.probe(data, sha256(data), many, "classification")
    assert large.memory_bytes > small.memory_bytes + 4_000_000
    assert MODELS.probe(data, "0" * 64, ROWS, "classification").memory_bytes is None


def test_importance_finds_the_feature_that_alerts():
    """Shuffling the one informative column costs most."""
    found = MODELS.importance(fitted(), ROWS, LABELS, "log_loss", "classification", seed=1)
    assert next(iter(found)) == "a"
    assert found == MODELS.importance(fitted(), ROWS, LABELS, "log_loss", "classification", seed=1)


def test_importance_gives_each_of_many_features_its_own():
    """However many features are shuffled together, what it costs is said of the right one: the other 39 do not count."""
    many = pd.DataFrame({f"x{number}": RANDOM.normal(size=400) for number in range(40)})
    for number in (0, 15, 16, 39):
        name = f"x{number}"
        labels = (many[name] > 0).astype("float64").to_numpy()
        estimator = make_pipeline(ColumnTransformer([("it", "passthrough", [name])]), LogisticRegression())
        found = MODELS.importance(estimator.fit(many, labels), many, labels, "log_loss", "classification", seed=1)
        assert {name for name, worse in found.items() if abs(worse) > 1e-12} == {name}


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_plots_are_the_same_for_the_same_data_and_run_nothing(task):
    """Equal inputs give equal SVG bytes without a script in them."""
    scores = RANDOM.uniform(size=400)
    first, second = (MODELS.plots(task, LABELS, scores, {"<script>": 0.1, "b": -0.01}) for _ in range(2))
    assert first == second
    assert len(first) >= 3
    assert all(data.lstrip().startswith(b"<?xml") and b"<script" not in data for data in first.values())
