"""The command `gatehouse decision replay`: what it tells of each decision, and which policies it refuses."""

from __future__ import annotations

import json
import math
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from gatehouse.cli import replay as command
from gatehouse.core.types import BatchId, Verdict
from gatehouse.errors import ConfigurationError
from gatehouse.pipeline.manual.policy_comparison import PolicyOutcome, ReplayedDecision
from gatehouse.settings import ROOT
from support.evidence_maker import decided, holdout

TEXT = (ROOT / "include" / "usecases" / "flight_delays" / "gate.yaml").read_text()
RULE = {"rule": "better_than_champion", "metric": "log_loss"}
BETTER, WORSE = decided(RULE, rows=holdout(0.1, 0.9)), decided(RULE, rows=holdout(0.9, 0.1))
JUNE = (BatchId("flight_delays", "2013-06", 1),)


@pytest.fixture
def replay(monkeypatch, tmp_path):
    """Runs the command for decisions that were made again, with a policy of the given text."""
    case = SimpleNamespace(
        gate=SimpleNamespace(metric="log_loss"), retrain=SimpleNamespace(task="classification", class_names=())
    )
    monkeypatch.setattr(command, "open_context", lambda name: SimpleNamespace(name=name, case=case))

    def run(found, *arguments, text=TEXT):
        monkeypatch.setattr(command.policy_comparison, "compare_policies", lambda ctx, policy: found)
        (tmp_path / "other.yaml").write_text(text)
        asked = ["flight_delays", "--policy", str(tmp_path / "other.yaml"), *arguments]
        return CliRunner().invoke(command.replay, asked)

    return run


def test_each_flip_is_told_with_what_it_meant_and_why(replay):
    """A line a decision, the new verdict's sentence for those that flip, and how many there are."""
    cost = ReplayedDecision(BETTER, WORSE, PolicyOutcome(2, 1, JUNE, 27_075, -0.0123))
    done = replay([ReplayedDecision(BETTER, BETTER, None), cost])
    assert done.exit_code == 0
    assert "the same model serves" in done.output
    assert "version 1 instead of 2: cost 0.0123 of log_loss" in done.output
    assert "27,075" in done.output
    assert f"{BETTER.id[:8]}: {WORSE.sentence}" in done.output
    assert done.output.endswith("1 of 2 verdicts flips\n")
    assert replay([]).output == "no decision yet\n"


def test_json_has_numbers_and_no_number_where_nothing_matured(replay):
    """The whole id, booleans and floats; what has not matured is null, not a word and not zero."""
    saved = ReplayedDecision(WORSE, BETTER, PolicyOutcome(1, 2, JUNE, 100, 0.5))
    open_ = ReplayedDecision(WORSE, BETTER, PolicyOutcome(1, 2, (), 0, math.nan))
    first, second = json.loads(replay([saved, open_], "--json").output)
    assert (first["decision"], first["flips"], first["now"]) == (WORSE.id, True, Verdict.PROMOTE)
    assert (first["regret"]["saved"], first["regret"]["rows"]) == (0.5, 100)
    assert second["regret"]["saved"] is None
    assert "nothing has matured since" in replay([open_]).output


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("use_case: flight_delays", "use_case: air_time", "use_case"),
        ("metric: roc_auc", "metric: mae", "the metric is not defined for classification"),
        ("margin: 0.0125", "margn: 0.0125", "margn"),
        (TEXT[TEXT.index("rules:") :], "rules: []", "at least one rule must be enforced"),
        (TEXT, "", "other.yaml"),
    ],
)
def test_a_policy_that_does_not_fit_is_refused_before_anything_is_judged(replay, old, new, said):
    """Another use case's, a metric of another task, a wrong key, no rule, nothing at all: one named error with its file."""
    error = replay([], text=TEXT.replace(old, new)).exception
    assert isinstance(error, ConfigurationError)
    assert said in str(error)
    assert "other.yaml" in str(error)
