"""The gate on the flights: a rolling challenger in December, the champion's copy, and numbers of docs/reference/gate.md."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.table import Table
from gatehouse.adapters.sources import open_source
from gatehouse.core.config.gate import GatePolicy
from gatehouse.core.contract.batch_calendar import batch_interval
from gatehouse.core.gate.decide import decide
from gatehouse.core.gate.evidence import Evidence, HoldoutData, ModelFacts
from gatehouse.core.rows.row_keys import row_keys
from gatehouse.core.types import Decision, RuleResult
from gatehouse.settings import ROOT
from gatehouse.table_types import as_declared
from gatehouse.use_case import load
from gatehouse.yaml_loader import read_spec

Array = NDArray[np.float64]
SEED = "5e" * 32
CASE = load(ROOT / "include" / "usecases" / "flight_delays")
CHAMPION = ("2013-01", "2013-02", "2013-03")
AUTUMN, DECEMBER = ("2013-09", "2013-10", "2013-11"), "2013-12"
LATER = tuple(f"2013-{month:02}" for month in range(4, 13))
LOOKS = (1, 12)
# The rules of docs/reference/gate.md that judge predictions alone, as its entries take them; others need a stack's measurements.
WORKED = ROOT / "benchmarks" / "worked.yaml"


@dataclass(frozen=True)
class Month:
    """The flights of a month that arrived: features, whether late, when scheduled; `delivered` counts the others too."""

    features: pd.DataFrame
    labels: Array
    time: NDArray[np.datetime64]
    delivered: int


def measure() -> list[Table]:
    return [_rolling(), _copies(), _worked()]


@lru_cache
def month(key: str) -> Month:
    """A month as a training set has it: the declared types, the outcomes of whenever they came."""
    contract, interval = CASE.contract, batch_interval(CASE.contract.frequency, key)
    source = open_source(contract, CASE.folder)
    tables = {n: as_declared(f, contract.tables[n].columns, n) for n, f in source.fetch(key, interval).items()}
    outcomes = as_declared(source.outcomes(key, interval), contract.outcomes.columns, "outcomes")
    labels = CASE.model.target(outcomes).set_axis(row_keys(outcomes, contract.outcomes.key))
    flights = tables["flights"]
    found = row_keys(flights, contract.outcomes.key).map(labels[~labels.index.duplicated()])
    known = found.notna().to_numpy()
    return Month(
        CASE.model.features(tables)[known].reset_index(drop=True),
        found[known].to_numpy("float64"),
        flights["scheduled"][known].dt.tz_localize(None).to_numpy().astype("datetime64[us]"),
        len(flights),
    )


@lru_cache
def boosting(months: tuple[str, ...], every: int = 1) -> object:
    """The use case's boosting, fitted on every `every`th flight of these months."""
    parts = [month(key) for key in months]
    model = CASE.estimators()["boosting"]
    features = pd.concat([part.features[::every] for part in parts])
    return model.fit(features, np.concatenate([part.labels[::every] for part in parts]))


@lru_cache
def chances(months: tuple[str, ...], on: str, every: int = 1) -> Array:
    """What that model says about the flights of the month `on`."""
    return np.asarray(boosting(months, every).predict_proba(month(on).features)[:, 1])  # type: ignore[attr-defined]


def evidence(on: str, challenger: Array, champion: Array, looks: int = 0) -> Evidence:
    """The evidence of a month for two models' predictions, after `looks` earlier decisions on the champion."""
    held_out = month(on)
    start = batch_interval(CASE.contract.frequency, on).start
    rows = HoldoutData(
        keys=np.arange(len(held_out.labels)).astype(str),
        labels=held_out.labels,
        time=held_out.time,
        challenger=challenger,
        champion=champion,
        slices={name: held_out.features[name].astype("str").to_numpy("str") for name in CASE.slices},
    )
    maturity = len(held_out.labels) / held_out.delivered
    facts = ModelFacts(maturity, 100_000, start, start, 10**6, 1.0, 1e4, "", 6)
    return replace(
        Evidence(CASE.name, "classification", 2, "a" * 64, 1, "b" * 64, 1, "c" * 64, rows, facts), looks=looks
    )


def judged(found: Evidence, policy: GatePolicy = CASE.gate) -> Decision:
    """The decision by those of the policy's rules that need nothing but predictions."""
    unmeasured = ("loads_in_clean_process", "model_size", "prediction_speed", "prediction_memory", "data_validated")
    rules = tuple(rule for rule in policy.rules if not rule.needs() and rule.rule not in unmeasured)
    return decide(found, policy.model_copy(update={"rules": rules}), SEED)


def result(decision: Decision, name: str) -> RuleResult:
    """The one result of that name."""
    (found,) = [each for each in decision.results if each.rule == name]
    return found


def _rolling() -> Table:
    rows = []
    for look in LOOKS:
        pair = chances(AUTUMN, DECEMBER), chances(CHAMPION, DECEMBER)
        decision = judged(evidence(DECEMBER, *pair, looks=look - 1))
        found = result(decision, "not_worse_than_champion(log_loss)")
        rows.append((str(look), _number(found.value), _number(found.low), _number(found.limit), decision.verdict))
    method = (
        "Boosting trained on September to November against the champion of January to March, on December's flights, by the "
        "use case's own gate.yaml. Worse by, in log loss: the value, and the lower end of its 90 % interval."
    )
    headings = ("look", "worse by", "at least", "allowed", "verdict")
    return Table("The rolling three-month challenger of December", method, headings, rows)


def _copies() -> Table:
    rows = []
    for on in LATER:
        champion = chances(CHAMPION, on)
        decisions = [judged(evidence(on, champion.copy(), champion, looks=look - 1)) for look in LOOKS]
        names = ("not_worse_than_champion(log_loss)", "better_than_champion(log_loss)", "self_test")
        told = [", ".join(dict.fromkeys(result(one, name).outcome for one in decisions)) for name in names]
        rows.append((on, f"{len(champion):,}", *told))
    method = (
        "The champion of January to March against its own copy on every later month, at looks 1 and 12. A copy is not worse; "
        "that it is better must never pass (WARN: the policy only notes it)."
    )
    headings = ("month", "flights", "not worse", "better", "the gate's test of itself")
    return Table("The champion's copy", method, headings, rows)


def _worked() -> Table:
    trained = tuple(f"2013-{number:02}" for number in range(1, 6))
    pair = chances(trained, "2013-06"), chances(CHAMPION, "2013-06")
    decision = judged(evidence("2013-06", *pair), read_spec(WORKED, GatePolicy, "risk owner"))
    rows = [(each.rule, each.outcome, each.sentence) for each in decision.results]
    method = (
        "Boosting trained on January to May, compared on June's flights with the champion of January to March. The policy is "
        "`benchmarks/worked.yaml`: the rules of docs/reference/gate.md that need only predictions, with its entries' limits."
    )
    return Table("Worked numbers of docs/reference/gate.md", method, ("result", "outcome", "what it says"), rows)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
