"""What rules need is measured with real models and files: the values, and what is archived when it goes wrong."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gatehouse.adapters.models import SkopsModels
from gatehouse.core.audit.canonical_json import canonical, digest, sha256
from gatehouse.core.drift.reference import LABEL as LABEL_COLUMN
from gatehouse.core.drift.reference import SCORE, Reference
from gatehouse.core.gate.measurements import Measurement
from gatehouse.core.profiling import profile_of
from gatehouse.core.statistics.custom_metrics import as_archived
from gatehouse.core.statistics.metrics import evaluate
from gatehouse.core.types import BatchId, Candidate, Champion, ModelVersion, TableFiles, TrainingSet
from gatehouse.errors import ServiceUnavailableError
from gatehouse.pipeline.batch_data.row_keys import BATCH, KEY, LABEL, TIME
from gatehouse.pipeline.judge.measurements import (
    MeasurementContext,
    measure_all,
    required_measurements,
    use_custom_metrics,
)
from gatehouse.pipeline.judge.measurements.registry import MEASUREMENTS
from gatehouse.settings import ROOT
from gatehouse.use_case import load
from support.fakes import FakeLake

ROWS, MODELS = 600, SkopsModels()
UNTIL = datetime(2024, 2, 1, tzinfo=UTC)


def frame(seed: int, rows: int = ROWS) -> pd.DataFrame:
    """The likelihood rises with `amount` and differs between groups."""
    random = np.random.default_rng(seed)
    amount, group = random.normal(size=rows), random.choice(["a", "b"], rows)
    label = (random.random(rows) < 1 / (1 + np.exp(-2 * amount - (group == "a")))).astype(float)
    marks = {KEY: [f"{seed}|{i}" for i in range(rows)], BATCH: "rides/2024-01.r1", TIME: pd.Timestamp(UNTIL)}
    return pd.DataFrame({**marks, LABEL: label, "group": group, "amount": amount})


@pytest.fixture
def subject(tmp_path) -> MeasurementContext:
    """The template's logistic regression, trained on one month and held out on the next, against itself."""
    folder = tmp_path / "template"
    shutil.copytree(ROOT / "include" / "gatehouse" / "cli" / "template", folder)
    case, lake = load(folder), FakeLake()
    training, holdout = (lake.put_frame(frame(seed), "training") for seed in (1, 2))
    rows, held_out = lake.frame(training), lake.frame(holdout)
    inputs = rows[["group", "amount"]]
    estimator = MODELS.fit("logistic", case.model.estimators(0)["logistic"], inputs, rows[LABEL].to_numpy("float64"))
    file = lake.put(MODELS.dump(estimator), "models", "skops")
    predicted = MODELS.predict(estimator, held_out[["group", "amount"]], "classification")
    profiles = profile_of(inputs.assign(**{LABEL_COLUMN: rows[LABEL]})), profile_of({SCORE: predicted})
    made_by = {"seed": 0, "code": case.code_sha256}
    known = Reference(*profiles, {}, {"amount": 0.3, "group": 0.1}, ROWS, made_by=made_by)
    reference = lake.put(canonical(known.to_document()).encode(), "references", "json")
    batches = (BatchId("template", "2024-01", 1),)
    made = TrainingSet(digest([training.sha256, holdout.sha256]), "r", training, holdout, batches, batches)
    model = ModelVersion("template", 1, "logistic", file, reference, made.sha256, "r", "run", UNTIL)
    part = TableFiles(lake.put(b"delivered", "source", "bin"), lake.put(b"accepted", "table", "bin"))
    ledger = SimpleNamespace(
        requests=SimpleNamespace(
            training_set={"r": made}.__getitem__,
            candidates=lambda _: [Candidate("r", "logistic", {}, file, "run")],
        ),
        batches=SimpleNamespace(get=lambda _: SimpleNamespace(tables={"rows": part})),
    )
    ctx: Any = SimpleNamespace(case=case, lake=lake, models=MODELS, ledger=ledger, name="template")
    return MeasurementContext(
        ctx, model, Champion(1, model), made, held_out, estimator, predicted, estimator, predicted
    )


def measured(subject: MeasurementContext, kind: str, **args: Any) -> dict[str, Any]:
    need = Measurement.of(kind, **args)
    return measure_all(subject, [need])[need.key]


def test_a_model_that_rises_with_an_input_is_monotone_in_it(subject):
    """A logistic regression rises with amount in every pair and never falls; a category has no direction."""
    found = measured(subject, "monotone", feature="amount", points=10, rows=50)
    assert (found["rising"], found["falling"], found["points"], found["rows"]) == (1.0, 0.0, 10, 50)
    assert "no direction" in measured(subject, "monotone", feature="group", points=5, rows=50)["error"]
    assert "has no feature 'amuont'" in measured(subject, "monotone", feature="amuont", points=5, rows=50)["error"]


def test_the_grid_spans_what_the_feature_takes_even_when_most_rows_are_alike(subject):
    """Rain is zero on most rows: the values are spread over the different ones, so their ends are there."""
    dry = subject.frame.assign(amount=np.where(np.arange(ROWS) < 590, 0.0, subject.frame["amount"]))
    assert measured(replace(subject, frame=dry), "monotone", feature="amount", points=5, rows=50)["points"] == 5


def test_an_input_that_counts_is_not_invariant(subject):
    """Shuffling or replacing the group moves predictions; replaced by what all rows have already it moves none."""
    assert measured(subject, "invariant", column="group", values=(), rows=300)["mean_change"] > 0.01
    both = measured(subject, "invariant", column="group", values=("a", "b"), rows=300)
    one = measured(subject, "invariant", column="group", values=("a",), rows=300)
    assert both["change"] >= one["change"] > 0.01
    alike = replace(subject, frame=subject.frame.assign(group="a"))
    assert measured(alike, "invariant", column="group", values=("a",), rows=300)["change"] == 0
    assert measured(subject, "invariant", column="amount", values=("7",), rows=10)["change"] > 0
    assert "no feature" in measured(subject, "invariant", column="colour", values=(), rows=300)["error"]


def test_missing_and_unseen_values_are_tried_one_by_one(subject):
    """The template handles them; a model without an imputer fails for the number that is missing, and says so."""
    found = measured(subject, "unseen", columns=(), rows=20)
    assert (found["tried"], found["failures"]) == (3, {})
    bare = MODELS.fit("bare", _bare(), subject.inputs, subject.labels)
    failing = measured(replace(subject, estimator=bare), "unseen", columns=(), rows=20)["failures"]
    assert set(failing) == {"amount missing", "group unseen", "group missing"}
    assert "NaN" in failing["amount missing"]


def test_categories_are_tried_as_texts_are(subject):
    """A categorical feature stays one when its values change: a model that reads its dtype can be asked of unseen ones."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    framed = subject.frame.assign(group=subject.frame["group"].astype("category"))
    categorical = replace(subject, frame=framed)
    boosting = HistGradientBoostingClassifier(categorical_features="from_dtype", max_iter=20, random_state=0)
    model = replace(categorical, estimator=boosting.fit(categorical.inputs, categorical.labels))
    assert measured(model, "unseen", columns=(), rows=20) == {"tried": 3, "failures": {}, "rows": 20}
    assert measured(model, "invariant", column="group", values=("a", "c"), rows=300)["change"] > 0.01
    assert measured(model, "invariant", column="group", values=(), rows=300)["mean_change"] > 0.01
    strict = replace(categorical, estimator=MODELS.fit("bare", _bare(), categorical.inputs, categorical.labels))
    assert "group unseen" in measured(strict, "unseen", columns=(), rows=20)["failures"]


def _bare() -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    return make_pipeline(
        ColumnTransformer([("group", OneHotEncoder(), ["group"]), ("amount", "passthrough", ["amount"])]),
        LogisticRegression(),
    )


def test_a_recorded_model_is_made_again(subject):
    """The same rows and seed give the same predictions; other rows, or a candidate that is gone, do not."""
    assert measured(subject, "refit")["difference"] == 0
    other = subject.ctx.lake.put_frame(frame(3), "training")
    moved = replace(subject, training_set=replace(subject.training_set, training=other))
    assert measured(moved, "refit")["difference"] > 1e-3
    gone = replace(subject, model=replace(subject.model, candidate="svm"))
    assert "no estimator 'svm' any more" in measured(gone, "refit")["error"]


@pytest.mark.parametrize(
    ("made_by", "told"), [({}, "not on record"), ({"seed": 0, "code": "ab" * 32}, "has changed since")]
)
def test_what_is_not_on_record_is_not_made_again(subject, made_by, told):
    """A reference of before seeds were recorded, or another `model.py` than the one that made the model."""
    lake = subject.ctx.lake
    document = {**json.loads(lake.read(subject.model.reference)), "made_by": made_by}
    reference = lake.put(canonical(document).encode(), "references", "json")
    other = replace(subject, model=replace(subject.model, reference=reference))
    assert told in measured(other, "refit")["error"]


@pytest.mark.parametrize("damage", ["model", "reference", "training rows", "delivery", "candidate", "identity"])
def test_each_link_of_the_lineage_is_found_when_it_breaks(subject, damage):
    """Whole as recorded; any file that changed or is gone, any record that does not fit, is named."""
    assert measured(subject, "lineage") == {"files": 6, "broken": []}
    ctx, files = subject.ctx, subject.ctx.lake.files
    part = ctx.ledger.batches.get(None).tables["rows"]
    if damage == "candidate":
        ctx.ledger.requests.candidates = lambda _: [Candidate("r", "logistic", {}, part.source, "run")]
    elif damage == "identity":
        subject = replace(subject, training_set=replace(subject.training_set, sha256="0" * 64))
    else:
        file = {
            "model": subject.model.file,
            "reference": subject.model.reference,
            "training rows": subject.training_set.training,
            "delivery": part.source,
        }[damage]
        files[file.path] = files[file.path][:-1] + b"?"
    (broken,) = measured(subject, "lineage")["broken"]
    told = {"delivery": "rows source", "identity": "training set: its identity"}
    assert broken.startswith(told.get(damage, damage)) or told.get(damage, damage) in broken


def test_signatures_are_those_of_the_training_sets(subject):
    """By name and type; without a champion there is none to compare with."""
    found = measured(subject, "signature")
    assert found["challenger"] == found["champion"] == {"group": "text", "amount": "float64"}
    assert measured(replace(subject, champion=None), "signature")["champion"] is None
    older = subject.ctx.lake.put_frame(frame(5).drop(columns="amount").assign(speed=1), "training")
    requests = subject.ctx.ledger.requests
    requests.training_set = {"r": subject.training_set, "q": replace(subject.training_set, training=older)}.__getitem__
    former = replace(subject, champion=Champion(1, replace(subject.model, request="q")))
    assert measured(former, "signature")["champion"] == {"group": "text", "speed": "int64"}


def test_drift_to_the_holdout_is_measured_by_feature(subject):
    """Two months of one kind lie within what chance moves; a shifted feature does not."""
    columns = measured(subject, "holdout_drift", distance="ks")["columns"]
    assert set(columns) == {"group", "amount", LABEL_COLUMN}
    assert all(each["value"] <= each["noise"] for each in columns.values())
    shifted = replace(subject, frame=subject.frame.assign(amount=subject.frame["amount"] + 1))
    moved = measured(shifted, "holdout_drift", distance="ks")["columns"]["amount"]
    assert moved["value"] > 0.3 > moved["noise"]


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_both_models_are_measured_on_the_golden_set(subject, suffix):
    """The metric is that of the models on the frozen rows; a changed file or a missing column is an error by name."""
    rows, path = frame(4, 200), subject.ctx.case.folder / f"golden.{suffix}"
    rows.to_parquet(path) if suffix == "parquet" else rows.to_csv(path, index=False)
    args = {"file": path.name, "sha256": sha256(path.read_bytes()), "metric": "log_loss"}
    found = measured(subject, "golden_set", **args)
    expected = evaluate("log_loss", rows[LABEL], subject.predict(rows[["group", "amount"]]))
    assert found["challenger"] == found["champion"] == pytest.approx(expected, rel=1e-12)
    assert found["rows"] == 200
    assert "champion" not in measured(replace(subject, reigning=None), "golden_set", **args)
    path.write_bytes(path.read_bytes() + b"\n")
    assert "the policy names" in measured(subject, "golden_set", **args)["error"]
    assert "FileNotFoundError" in measured(subject, "golden_set", **{**args, "file": "other.csv"})["error"]


RULES = """
def fair(rows):
    assert list(rows.columns) == ["group", "amount", "key", "time", "label", "challenger", "champion"]
    gap = rows.groupby("group")["challenger"].mean().diff().abs().max()
    rows["challenger"] = 0.5
    return gap, 0.5, gap <= 0.5, f"groups differ by {gap:.2f}"

def broken(rows):
    raise KeyError("no such thing")

def silent(rows):
    return True

def unknown(rows):
    return float("nan"), 1.0, True, "nothing measured"
"""


def test_a_rule_of_the_use_case_is_called_once_and_its_answer_archived(subject):
    """With the hash of its file; what it does to its rows reaches nobody else; what goes wrong is named."""
    (subject.ctx.case.folder / "rules.py").write_text(RULES)
    before = subject.predictions.copy()
    found = measured(subject, "python", function="rules.py:fair")
    gap = abs(np.subtract(*(before[subject.frame["group"] == name].mean() for name in "ab")))
    assert found == {
        "value": pytest.approx(gap),
        "limit": 0.5,
        "passed": True,
        "sentence": f"groups differ by {gap:.2f}",
        "code": sha256(RULES),
        "rows": ROWS,
    }
    assert np.array_equal(subject.predictions, before)
    for name, told in (
        ("broken", "KeyError"),
        ("silent", "wanted (value, limit, passed, sentence)"),
        ("unknown", "wanted a number"),
        ("absent", "has no function 'absent'"),
    ):
        assert told in measured(subject, "python", function=f"rules.py:{name}")["error"]


def test_a_service_that_does_not_answer_is_not_archived_as_a_finding(subject):
    """Trying again can help: the error reaches the task."""

    def unreachable(_: object) -> bytes:
        raise ServiceUnavailableError("the lake does not answer")

    subject.ctx.lake.read = unreachable
    with pytest.raises(ServiceUnavailableError):
        measured(subject, "importance")


def test_what_the_policy_needs_is_measured_once_and_rules_that_are_off_need_nothing(subject):
    """Two limits on one feature are one need; the cheap ones are always measured; every kind has its measurer."""
    monotone = {"rule": "monotone", "description": "so", "feature": "amount", "direction": "increasing"}
    text = subject.ctx.case.gate.model_dump(mode="json")
    text["rules"] += [
        monotone,
        {**monotone, "max_violations": 0.5},
        {"rule": "reproducible", "description": "so", "mode": "off"},
    ]
    policy = type(subject.ctx.case.gate).model_validate_json(canonical(text))
    assert [need.kind for need in required_measurements(policy)] == ["importance", "signature", "monotone"]
    assert {need.kind for need in required_measurements(policy)} <= MEASUREMENTS.keys()


COST = """
import numpy as np
METRICS = {"cost": lambda label, prediction, weight: np.where(prediction >= 0.3, 1 - label, 5 * label)}
"""


def test_an_own_metric_is_replayed_with_the_code_it_was_judged_by(subject):
    """The code goes into the lake; when `model.py` changes, a replay still has the archived one, and leaves no trace."""
    path, name = subject.ctx.case.folder / "model.py", "template.cost"
    path.write_text(path.read_text() + COST)
    rule = {"rule": "metric_bound", "description": "so", "metric": name, "max": 1.0}
    text = {**subject.ctx.case.gate.model_dump(mode="json"), "rules": [rule]}
    policy = type(subject.ctx.case.gate).model_validate_json(canonical(text))
    assert [need.kind for need in required_measurements(policy)] == ["importance", "signature", "own_metrics"]
    evidence: Any = SimpleNamespace(measured=measure_all(subject, required_measurements(policy)))
    assert evidence.measured["own_metrics"]["sha256"] == sha256(path.read_bytes())
    cost = np.where(subject.predictions >= 0.3, 1 - subject.labels, 5 * subject.labels).mean()
    with as_archived({name: lambda label, prediction, weight: 0 * label}):
        assert evaluate(name, subject.labels, subject.predictions) == 0
        with use_custom_metrics(subject.ctx, evidence):
            assert evaluate(name, subject.labels, subject.predictions) == pytest.approx(cost)
        assert evaluate(name, subject.labels, subject.predictions) == 0
        with use_custom_metrics(subject.ctx, SimpleNamespace(measured={})):
            assert evaluate(name, subject.labels, subject.predictions) == 0


def test_a_metric_that_is_no_function_is_told(subject, monkeypatch):
    """METRICS maps names to functions; anything else is the reason why nothing was measured."""
    monkeypatch.setattr(subject.ctx.case.model, "METRICS", {"cost": 5}, raising=False)
    assert "METRICS holds cost, which cannot be called" in measured(subject, "own_metrics")["error"]
