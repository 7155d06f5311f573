"""The flights' own policy on the flights: what has to be refused is, and an equal is never better."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pandas as pd
import pytest
from usecase_folders import case, outcomes, tables

from core.evidence_maker import FACTS
from gatehouse.core.evidence import Evidence, Holdout
from gatehouse.core.gate import decide
from gatehouse.core.records import Outcome, Verdict
from gatehouse.stages.rows import row_keys

NAME, DECEMBER = "flight_delays", "2013-12"
COMPARING = ("not_worse_than_champion", "better_than_champion", "suspiciously_good")


@lru_cache
def labelled(month: str) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """A month's features, labels and times, of the flights that arrived."""
    delivered, contract = outcomes(NAME, month), case(NAME).contract
    labels = case(NAME).model.target(delivered).set_axis(row_keys(delivered, contract.outcomes.key))
    flights = tables(NAME, month)["flights"]
    found = row_keys(flights, contract.outcomes.key).map(labels[~labels.index.duplicated()])
    known = found.notna().to_numpy()
    features = case(NAME).model.features(tables(NAME, month))[known].reset_index(drop=True)
    return features, found[known].to_numpy("float64"), flights["scheduled"][known].dt.tz_localize(None).to_numpy()


@lru_cache
def december(*months: str) -> np.ndarray:
    """What boosting, trained on every second flight of these months, says about December's flights."""
    parts = [(features[::2], labels[::2]) for features, labels, _ in map(labelled, months)]
    boosting = case(NAME).model.estimators(case(NAME).retrain.seed)["boosting"]
    boosting.fit(pd.concat([part[0] for part in parts]), np.concatenate([part[1] for part in parts]))
    return boosting.predict_proba(labelled(DECEMBER)[0])[:, 1]


def decided(challenger: np.ndarray, champion: np.ndarray, looks: int):
    """The decision of the flights' policy, of its rules that compare."""
    features, labels, time = labelled(DECEMBER)
    rows = Holdout(
        keys=np.arange(len(labels)).astype(str),
        labels=labels,
        time=time.astype("datetime64[us]"),
        challenger=challenger,
        champion=champion,
        slices={name: features[name].astype("str").to_numpy("str") for name in case(NAME).model.SLICES},
    )
    evidence = Evidence(NAME, "classification", 2, "a" * 64, 1, "b" * 64, 1, "c" * 64, rows, FACTS)
    policy = case(NAME).gate
    policy = policy.model_copy(update={"rules": tuple(r for r in policy.rules if r.rule in COMPARING)})
    return decide(replace(evidence, looks=looks), policy, "5e" * 32)


@pytest.mark.parametrize("looks", [0, 11])
def test_the_rolling_challenger_of_december_is_blocked(looks):
    """Trained on three months of autumn it has forgotten the winter: worse than the champion of January to March beyond
    doubt, at the first look and at the twelfth."""
    rolling = december("2013-09", "2013-10", "2013-11")
    decision = decided(rolling, december("2013-01", "2013-02", "2013-03"), looks)
    assert decision.verdict is Verdict.BLOCK
    assert decision.results[0].rule == "not_worse_than_champion(log_loss)"
    assert decision.results[0].low > 0.0125
    assert decision.results[-1].outcome is Outcome.PASS


@pytest.mark.parametrize("looks", [0, 11])
def test_the_champions_copy_is_never_better_on_the_flights(looks):
    """The very same predictions: not worse, and not better either."""
    champion = december("2013-01", "2013-02", "2013-03")
    outcomes_of = {r.rule: r.outcome for r in decided(champion.copy(), champion, looks).results}
    assert outcomes_of["not_worse_than_champion(log_loss)"] is Outcome.PASS
    assert outcomes_of["better_than_champion(log_loss)"] is Outcome.WARN
    assert outcomes_of["self_test"] is Outcome.PASS
