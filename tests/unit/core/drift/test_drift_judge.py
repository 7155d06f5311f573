"""From distances to alarms."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gatehouse.core.audit.canonical_json import canonical
from gatehouse.core.config.triggers import DriftReason
from gatehouse.core.drift import ColumnDrift, judge, to_document
from gatehouse.core.drift.alarms import AlarmState
from gatehouse.core.profiling import Profile, profile_of
from gatehouse.errors import ConfigurationError


def table(rows: int, seed: int = 0, mean: float = 71.2, united: float = 0.17, nulls: float = 0.02) -> dict[str, object]:
    """A batch with a weather column, a carrier, a score and a label."""
    generator = np.random.default_rng(seed)
    return {
        "temp": np.where(generator.random(rows) < nulls, np.nan, generator.normal(mean, 10, rows)),
        "carrier": generator.choice(["UA", "DL", "B6"], rows, p=[united, 0.5, 0.5 - united]),
        "score": generator.beta(2, 6, rows),
        "label": (generator.random(rows) < 0.22).astype(float),
    }


@pytest.fixture(scope="module")
def reference() -> Profile:
    """The champion's reference."""
    return profile_of(table(20_000))


def found(reference: Profile, batch: dict[str, object], **policy: object) -> dict[str, ColumnDrift]:
    """The judged columns by name."""
    limits = DriftReason.model_validate({"min_rows": 500, **policy})
    return {each.column: each for each in judge(reference, profile_of(batch, like=reference), limits)}


@pytest.mark.parametrize("distance", ["js", "psi", "ks", "wasserstein"])
def test_a_quiet_batch_raises_no_alarm(reference: Profile, distance: str) -> None:
    """A batch from the reference's own distribution is quiet in every column, scores and labels included."""
    judged = found(reference, table(5000, seed=1), distance=distance)
    assert {name: each.state for name, each in judged.items()} == dict.fromkeys(reference.columns, AlarmState.QUIET)


@pytest.mark.parametrize("distance", ["js", "psi", "ks", "wasserstein"])
def test_a_shift_is_an_alarm_in_words(reference: Profile, distance: str) -> None:
    """A moved mean, a grown category and sudden nulls are alarms that say what changed from what to what."""
    judged = found(reference, table(5000, seed=1, mean=83.0, united=0.31), distance=distance)
    assert {name for name, each in judged.items() if each.alarm} == {"temp", "carrier"}
    assert judged["temp"].effect == "mean 71.2 → 82.8"
    assert judged["carrier"].effect.startswith("share of 'UA' 17")
    assert (judged["temp"].limit, judged["temp"].origin, judged["temp"].rows) == (0.1, "policy", 5000)
    nulls = found(reference, table(5000, seed=1, nulls=0.6), distance=distance)["temp"]
    assert nulls.alarm
    assert nulls.effect.startswith("nulls 1.9")
    assert nulls.null_change == pytest.approx(0.58, abs=0.02)


def test_a_change_of_shape_is_named(reference: Profile) -> None:
    """A wider spread is named as such; when mean and spread stay, the tenth that changed is."""
    wider = table(5000, seed=1)
    wider["temp"] = 71.2 + (np.asarray(wider["temp"]) - 71.2) * 2
    assert found(reference, wider)["temp"].effect.startswith("standard deviation 10.1 → 20")
    pushed = {**table(5000), "temp": np.random.default_rng(0).choice([61.2, 81.2], 5000)}
    assert found(reference, pushed)["temp"].effect.startswith("share of ")


def test_unseen_values_are_counted_and_named(reference: Profile) -> None:
    """A category that the reference never held is named, with its share."""
    batch = table(1000, seed=1)
    batch["carrier"] = np.where(np.arange(1000) < 300, "ZZ", "DL")
    carrier = found(reference, batch)["carrier"]
    assert carrier.alarm
    assert carrier.unseen_share == pytest.approx(0.3)
    batch["carrier"] = np.where(np.arange(1000) < 600, "ZZ", np.asarray(table(1000)["carrier"]))
    assert found(reference, batch)["carrier"].effect == "share of unseen values (such as 'ZZ') 0 % → 60 %"


def test_too_few_rows_are_never_an_alarm(reference: Profile) -> None:
    """Below `min_rows` the column says so, whatever its distance."""
    judged = found(reference, table(499, seed=1, mean=500.0))
    assert {each.state for each in judged.values()} == {AlarmState.TOO_FEW_ROWS}
    assert judged["temp"].sentence == "temp: too few rows (499)"
    assert found(reference, table(500, seed=1, mean=500.0, nulls=0))["temp"].alarm


def test_a_distance_within_the_sampling_noise_is_no_alarm(reference: Profile) -> None:
    """With a limit below what so few rows can tell, the noise is the limit and is named as its origin."""
    judged = found(reference, table(500, seed=1), effect_size_limit=0.001)
    assert not any(each.alarm for each in judged.values())
    assert judged["temp"].origin == "sampling noise of 500 rows"
    assert judged["temp"].limit is not None
    assert judged["temp"].limit > 0.001


def test_a_column_of_nulls_is_an_alarm_of_presence(reference: Profile) -> None:
    """When every value is gone there is nothing to compare, but that is an alarm itself."""
    gone = found(reference, {**table(1000), "temp": np.full(1000, np.nan)})["temp"]
    assert gone.alarm
    assert gone.distance.endswith("of presence")
    assert gone.effect.endswith("→ 100 %")


def test_an_empty_reference_judges_nothing() -> None:
    """A reference without rows gives no alarm and says why."""
    empty = profile_of({"temp": np.array([])})
    assert found(empty, {"temp": np.arange(1000.0)})["temp"].state is AlarmState.NO_REFERENCE


def test_only_the_policys_columns_are_judged(reference: Profile) -> None:
    """`columns` narrows the watch; a batch without a column (labels not yet in) is judged without it."""
    assert list(found(reference, table(1000), columns=("carrier", "score"))) == ["carrier", "score"]
    assert "label" not in found(reference, {name: each for name, each in table(1000).items() if name != "label"})


def test_an_unknown_column_is_a_configuration_error(reference: Profile) -> None:
    """A misspelt column in `retrain.yaml` is named with those that exist, not silently unwatched."""
    with pytest.raises(ConfigurationError, match="found tmep; allowed: temp, carrier, score, label"):
        found(reference, table(1000), columns=("tmep",))


def test_the_watch_report_is_plain(reference: Profile) -> None:
    """Judged columns and their alarms are plain JSON values."""
    judged = found(reference, table(1000, mean=90.0))
    document = json.loads(canonical(to_document(judged.values())))
    assert document[0]["state"] == "alarm"
    assert "mean 71.2 → 89.8" in document[0]["sentence"]
    alarm = judged["temp"].to_alarm()
    assert (alarm.kind, alarm.subject, alarm.numbers["limit"]) == ("drift", "temp", 0.1)
