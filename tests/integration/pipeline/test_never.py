"""The measured quality is told beside what never retraining would have come to on the same rows."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from gatehouse.adapters.models import SkopsModels
from gatehouse.core.statistics.metrics import evaluate
from gatehouse.pipeline.batch_data.row_keys import LABEL
from gatehouse.pipeline.monitor.never_retrained_baseline import first_champion_score
from gatehouse.pipeline.score import model_inputs
from support.fakes import FakeLake

MEASURED = {"metric": "log_loss", "value": {"value": 0.321}}


@pytest.fixture
def labelled():
    """Rows whose label follows one column."""
    random = np.random.default_rng(5)
    x = random.normal(size=400)
    return pd.DataFrame({"x": x, LABEL: (x + random.normal(size=400) > 0).astype(float)})


@pytest.fixture
def ctx(labelled):
    """Version 1 learned from the rows, version 2 from their opposite; 1 was the first champion."""
    lake, models = FakeLake(), SkopsModels()
    versions = {}
    for version, target in ((1, labelled[LABEL]), (2, 1 - labelled[LABEL])):
        fitted = models.fit("linear", LogisticRegression(), model_inputs(labelled), target.to_numpy())
        versions[version] = SimpleNamespace(version=version, file=lake.put(models.dump(fitted), "models", "skops"))
    kept = SimpleNamespace(
        promotions=lambda name: [SimpleNamespace(version=version) for version in versions],
        get=lambda name, version: versions[version],
    )
    case = SimpleNamespace(retrain=SimpleNamespace(task="classification"))
    return SimpleNamespace(name="rides", lake=lake, models=models, case=case, ledger=SimpleNamespace(models=kept))


def champion(ctx, version, generation):
    return SimpleNamespace(generation=generation, model=ctx.ledger.models.get("rides", version))


def test_the_first_champion_is_measured_on_the_rows_of_a_later_one(ctx, labelled):
    """It is the first model's own value: far better here than that of the one which learned the opposite."""
    never = first_champion_score(ctx, champion(ctx, 2, 2), labelled, MEASURED)
    first = ctx.ledger.models.get("rides", 1)
    estimator = ctx.models.load(ctx.lake.read(first.file), first.file.sha256)
    predicted = ctx.models.predict(estimator, model_inputs(labelled), "classification")
    assert never == evaluate("log_loss", labelled[LABEL].to_numpy(), predicted)
    assert never < 0.6


@pytest.mark.parametrize("generation", [1, 3])
def test_while_the_first_champion_serves_it_is_what_was_measured(ctx, labelled, generation):
    """At first, and again after a roll back to it: nothing is predicted twice."""
    ctx.models = None
    assert first_champion_score(ctx, champion(ctx, 1, generation), labelled, MEASURED) == 0.321


def test_a_comparison_that_cannot_be_made_does_not_stop_the_watch(ctx, labelled):
    """Inputs that the first model does not take, a file that is gone, and nothing measured: nothing is told."""
    second = champion(ctx, 2, 2)
    assert first_champion_score(ctx, second, labelled.rename(columns={"x": "z"}), MEASURED) is None
    del ctx.lake.files[ctx.ledger.models.get("rides", 1).file.path]
    assert first_champion_score(ctx, second, labelled, MEASURED) is None
    assert first_champion_score(ctx, second, labelled, {"metric": "log_loss", "value": None}) is None
