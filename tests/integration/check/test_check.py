"""`gatehouse use-case check` on real rows: it is silent where nothing is wrong, and lists everything that would fail."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from gatehouse.check import Problem, Report, check
from gatehouse.cli.check import check as command
from support.broken import BROKEN, FEATURES, LOGISTIC, TARGET, appended, made, replaced


def told(problem: Problem) -> str:
    """A problem as one text."""
    return f"{problem.what}; {problem.found}; {problem.allowed}"


def errors_of(report: Report) -> list[str]:
    return [told(problem) for problem in report.errors]


def test_a_good_use_case_has_no_problem(tmp_path: Path) -> None:
    """The rows are read, every estimator is fitted, stored and loaded, and every rule is tried."""
    report = check(made(tmp_path))
    assert report.problems == ()
    assert report.notes == []
    assert any("boosting, logistic" in line for line in report.tried)
    assert "rules tried: 4" in report.tried
    (rows,) = report.batches
    assert (rows.key, rows.tables[0].rows, rows.tables[0].quarantined) == ("2024-01", 1200, 0)
    assert rows.outcomes is not None
    assert rows.outcomes.matched == 1200


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_named(tmp_path: Path, name: str) -> None:
    """One error, with the file, the line, what was found, what is allowed and the owner; nothing else is blamed."""
    folder, broken = made(tmp_path), BROKEN[name]
    broken.act(folder)
    report = check(folder)
    assert len(report.errors) == 1, errors_of(report)
    (problem,) = report.errors
    assert Path(problem.file) == folder / broken.file
    assert problem.owner == broken.owner
    assert [words for words in broken.words if words not in told(problem)] == []
    if broken.line:
        assert problem.line is not None
        assert broken.line in (folder / broken.file).read_text().splitlines()[problem.line - 1]
    assert problem.goes_on


def test_six_faults_at_once_are_all_named(tmp_path: Path) -> None:
    """The check goes on after each problem: source, contract, code, estimators and rules in one list."""
    folder = made(tmp_path)
    several = [name for name in BROKEN if name in SEVERAL]
    for name in several:
        BROKEN[name].act(folder)
    report = check(folder)
    assert len(several) == len(SEVERAL)
    for name in several:
        assert any(all(words in text for words in BROKEN[name].words) for text in errors_of(report)), name
    assert len(report.errors) == len(SEVERAL)


SEVERAL = {
    "a metric of its own that raises",
    "a slice that is no feature",
    "an expectation about no column",
    "an estimator without probabilities",
    "labels of minus one and one",
    "a rule of Python that raises",
}


def test_a_file_that_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    """Two YAML files and model.py are broken: all three are named, though no row can be looked at."""
    folder = made(tmp_path)
    replaced("gate.yaml", "metric: log_loss", "metrik: log_loss")(folder)
    replaced("contract.yaml", "frequency: month", "frequency: fortnight")(folder)
    replaced("model.py", "SLICES =", "SLICES = undefined")(folder)
    report = check(folder)
    assert {Path(problem.file).name for problem in report.errors} == {"gate.yaml", "contract.yaml", "model.py"}
    assert "no rows were looked at" in report.notes[0]


def test_rows_that_the_contract_refuses_are_previewed(tmp_path: Path) -> None:
    """Quarantined rows are counted by reason, and the accepted ones go on to the features."""
    folder = made(tmp_path)
    replaced("source.py", "    return pd.DataFrame({", "    amount[:7] = -1\n    return pd.DataFrame({")(folder)
    replaced(
        "contract.yaml",
        "      - expect: expect_column_values_to_not_be_null\n        severity: warning",
        "      - expect: expect_column_values_to_be_between\n        severity: critical\n        reason: money\n"
        "        args: {column: amount, min_value: 0}\n"
        "      - expect: expect_column_values_to_not_be_null\n        severity: warning",
    )(folder)
    report = check(folder)
    assert report.problems == ()
    (table,) = report.batches[0].tables
    assert (table.accepted, table.quarantined) == (1193, 7)
    assert list(table.reasons.values()) == [7]


def test_columns_that_teach_nothing_are_hints(tmp_path: Path) -> None:
    """A constant column and an empty one are told and fail nothing."""
    folder = made(tmp_path)
    replaced("model.py", FEATURES, 'return tables["rows"][["group", "amount"]].assign(one=1, none=float("nan"))')(
        folder
    )
    report = check(folder)
    assert report.errors == ()
    assert {problem.found for problem in report.problems} == {"one", "none"}


def test_without_outcomes_the_rest_is_tried_on_made_up_labels(tmp_path: Path) -> None:
    """A new use case has no outcomes yet: that is a note, and a broken estimator is found all the same."""
    folder = made(tmp_path)
    replaced("source.py", 'return _made(key, interval)[["id", "label"]]', "return None")(folder)
    replaced("model.py", LOGISTIC, "LogisticRegression()")(folder)
    report = check(folder)
    assert [note for note in report.notes if "made-up labels" in note]
    assert len(report.errors) == 1
    assert "'logistic' raised in fit" in report.errors[0].what


def test_the_code_is_not_run_on_rows_when_it_is_not_asked_for(tmp_path: Path) -> None:
    """`--no-data` reads the files and imports model.py; what only rows show is not looked for."""
    folder = made(tmp_path)
    replaced("model.py", TARGET, "return 1 / 0")(folder)
    report = check(folder, data=False)
    assert (report.problems, report.batches) == ((), [])


def test_the_command_prints_one_document_and_fails(tmp_path: Path) -> None:
    """`--json` is one JSON document with each problem's file and line, and the exit code is 1 when something would fail."""
    good, bad = made(tmp_path / "a"), made(tmp_path / "b")
    appended("model.py", "\n\nestimators = None\n")(bad)
    done = CliRunner().invoke(command, [str(good), str(bad), "--no-data", "--json"])
    document = json.loads(done.stdout)
    assert done.exit_code == 1
    assert [case["good"] for case in document["use_cases"]] == [True, False]
    (problem,) = document["use_cases"][1]["problems"]
    assert (Path(problem["file"]).name, problem["owner"]) == ("model.py", "data scientist")
    assert CliRunner().invoke(command, [str(good), "--no-data"]).exit_code == 0


def test_people_read_what_was_done_and_each_part_of_an_error(tmp_path: Path) -> None:
    """The batch that was taken, what became of its rows, and Found, Allowed and Owner on lines of their own."""
    folder = made(tmp_path)
    BROKEN["a slice that is no feature"].act(folder)
    done = CliRunner().invoke(command, [str(folder), "--batch", "2024-03"])
    assert done.exit_code == 1
    for line in (
        "rides: 1 error",
        "batch 2024-03:",
        "Found:   'region'",
        "Owner:   data scientist",
        "error: model.py:15: SLICES",
    ):
        assert line in done.stdout
