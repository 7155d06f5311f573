"""The forms of the DAGs refuse what is wrong, by Airflow's own validation of their fields."""

from __future__ import annotations

import pytest
from airflow.sdk.exceptions import ParamValidationError

from gatehouse.core.config.retrain import Window
from gatehouse.estimator_names import estimator_names
from gatehouse.settings import ROOT
from gatehouse.use_case import load
from gatehouse_airflow import params

CASES = [ROOT / "include" / "usecases" / name for name in ("flight_delays", "air_time")]
NAMES = ("logistic", "boosting", "tree")
WINDOW = params.training_window(Window(kind="rolling", batches=3))
ESTIMATORS = params.estimators(NAMES)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        (WINDOW, "everything"),
        (WINDOW, None),
        (params.BATCHES, 0),
        (params.BATCHES, "many"),
        (ESTIMATORS, ["oracle"]),
        (ESTIMATORS, ["tree", "tree"]),
        (ESTIMATORS, "tree"),
        (params.estimators(()), ["; rm -rf"]),
        (params.RETRAIN_REASON, "because"),
        (params.REASON, ""),
        (params.known_batch("month"), "2013-13"),
        (params.known_batch("month"), "2013-03.r0"),
        (params.known_batch("week"), "2013-03"),
        (params.known_batch("day"), "2013-02-32"),
        (params.end_of_range("month", "From", "oldest"), ""),
        (params.end_of_range("month", "From", "oldest"), "2013-03.r1"),
        (params.batch_key("month"), "2013-00"),
        (params.VERSION, 0),
        (params.DECISION, "first"),
        (params.OVERRIDDEN, ""),
        (params.OVERRIDDEN, "the last one"),
        (params.OVERRIDE_ACT, "approve"),
        (params.MAY_PROMOTE, "yes"),
    ],
)
def test_a_form_refuses_what_is_wrong(field, wrong):
    """A value that no task could do anything with does not start a run."""
    with pytest.raises(ParamValidationError):
        field.resolve(wrong)


@pytest.mark.parametrize(
    ("field", "right"),
    [
        (WINDOW, "since_change"),
        (params.BATCHES, None),
        (params.BATCHES, 3),
        (ESTIMATORS, None),
        (ESTIMATORS, []),
        (ESTIMATORS, ["tree", "boosting"]),
        (params.estimators(()), ["whatever_2"]),
        (params.RETRAIN_REASON, None),
        (params.known_batch("month"), "2013-03"),
        (params.known_batch("week"), "2013-W10.r12"),
        (params.end_of_range("day", "To", "newest"), "2013-03-07"),
        (params.MAY_PROMOTE, True),
    ],
)
def test_a_form_takes_what_is_right(field, right):
    """And what may be left empty, may."""
    assert field.resolve(right) == right


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_the_names_in_the_form_are_those_of_the_code(folder):
    """Read off the text, they are what `estimators()` returns when it is run."""
    assert list(estimator_names(folder / "model.py")) == list(load(folder).model.estimators(0))


@pytest.mark.parametrize(
    "text",
    [
        "def estimators(seed): return {name: 1 for name in 'ab'}",
        "def estimators(seed):\n    made = {'a': 1}\n    return made",
        "def estimators(seed): return {'a': 1, **more}",
        "def estimators(seed:",
        "",
    ],
)
def test_names_that_cannot_be_read_off_are_not_guessed(tmp_path, text):
    """The form then takes any name, and the task refuses those that are not there."""
    (tmp_path / "model.py").write_text(text)
    assert estimator_names(tmp_path / "model.py") == ()
    assert estimator_names(tmp_path / "nowhere.py") == ()
