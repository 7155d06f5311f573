"""From exported files to a use case that is checked without a correction."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gatehouse.check import check
from gatehouse.errors import InvalidInputError
from gatehouse.proposal.choose import choose
from gatehouse.proposal.exported import Exported
from gatehouse.proposal.model_text import features
from gatehouse.proposal.propose import Proposal, Request, propose
from gatehouse.proposal.shared_key import with_key_of
from gatehouse.settings import ROOT
from gatehouse.use_case import load

TEMPLATE = ROOT / "include/gatehouse/cli/template"


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    """Eight months of an export with semicolons, decimal commas, days first, odd headers, and a column that leaks."""
    random, folder = np.random.default_rng(7), tmp_path / "export"
    folder.mkdir()
    for month in range(1, 9):
        start, rows = pd.Timestamp(2024, month, 1), 120
        at = start + pd.to_timedelta(np.sort(random.uniform(0, start.days_in_month * 24, rows)), unit="h")
        amount, channel = random.lognormal(4, 1, rows), random.choice(["Web", "Store"], rows)
        late = random.uniform(size=rows) < 1 / (1 + np.exp(4 - np.log(amount) - (channel == "Web")))
        pd.DataFrame(
            {
                "Order No.": [f"A{month}{number:03}" for number in range(rows)],
                "Created at": at.strftime("%d/%m/%Y %H:%M"),
                "Amount (EUR)": [f"{value:.2f}".replace(".", ",") for value in amount],
                "Channel": channel,
                "Age": ["-" if random.uniform() < 0.1 else str(age) for age in random.integers(18, 90, rows)],
                "Late?": np.where(late, "yes", "no"),
                "Fee": np.where(late, "1", "0"),
            }
        ).to_csv(folder / f"orders {month:02}.csv", sep=";", index=False, encoding="cp1252")
    return folder


def written(proposal: Proposal, folder: Path) -> Path:
    """The five files in a folder."""
    folder.mkdir()
    for name, text in proposal.files.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "RUNBOOK.md").write_text((TEMPLATE / "RUNBOOK.md").read_text())
    return folder


def test_an_export_becomes_a_use_case_that_is_checked_without_a_correction(orders: Path, tmp_path: Path) -> None:
    """Dialect, key, time and batches are stated in the contract with their evidence, and the check finds no error."""
    proposal = propose(Request("orders", orders, "Late?"))
    folder = written(proposal, tmp_path / "orders")
    contract = load(folder).contract
    assert contract.tables["rows"].key == ("order_no",)
    assert contract.tables["rows"].time_column == "created_at"
    assert (contract.frequency, contract.first_batch) == ("month", "2024-01")
    assert contract.tables["rows"].columns["Age"] == "integer"
    assert any(spec.reason.endswith("seen in 8 of 8 batches") for spec in contract.tables["rows"].expectations)
    assert any("Fee alone orders" in warning for warning in proposal.warnings)
    assert "'Fee'" not in proposal.files["model.py"].split("# Columns")[0]
    report = check(folder)
    assert [f"{problem.what}: {problem.found}" for problem in report.errors] == []


def test_outcomes_with_another_name_for_the_key_are_matched(orders: Path, tmp_path: Path) -> None:
    """`no` holds the values of `Order No.`: it is renamed for the outcomes, the pattern is kept, and nothing has to be
    corrected. Outcomes of other rows are refused."""
    rows = pd.concat(pd.read_csv(file, sep=";", encoding="cp1252") for file in sorted(orders.iterdir()))
    labels = rows[["Order No.", "Late?"]].set_axis(["no", "late"], axis=1)
    labels.sample(frac=1, random_state=1).to_json(tmp_path / "late_1.jsonl", orient="records", lines=True)
    proposal = propose(Request("orders", orders / "orders *.csv", "late", outcomes=tmp_path / "late_*.jsonl"))
    contract = load(written(proposal, tmp_path / "orders")).contract
    assert contract.source.files == str(orders / "orders *.csv")
    assert contract.source.dialects["outcomes"].rename == {"no": "order_no"}
    assert contract.outcomes.key == ("order_no",)
    assert check(tmp_path / "orders").errors == ()
    labels.assign(no="Z" + labels["no"]).to_json(tmp_path / "late_1.jsonl", orient="records", lines=True)
    with pytest.raises(InvalidInputError, match="no column of the outcomes holds the key"):
        propose(Request("orders", orders, "late", outcomes=tmp_path / "late_*.jsonl"))


def test_a_key_that_a_person_names_is_taken() -> None:
    """Outcomes that have the columns of the given key are taken, also where these do not name each row."""
    shared = {"day": "string", "x": "integer"}
    table = Exported("rows", 1, {}, shared, pd.DataFrame({"day": ["a", "a"], "x": [1, 1]}))
    other = Exported("out", 1, {}, {**shared, "y": "number"}, pd.DataFrame({"day": ["a"], "x": [1], "y": [1.0]}))
    assert with_key_of(other, table, "y", ("day", "x")) == other
    with pytest.raises(InvalidInputError, match="no column of the outcomes holds the key"):
        with_key_of(other, table, "y")


@pytest.mark.parametrize("number", [2**63 - 1, 2**64 - 1])
def test_a_long_number_as_text_is_the_number(number: int) -> None:
    """No digit of a key is lost, up to the largest whole number of its type."""
    kind, dtype = ("integer", "Int64") if number < 2**63 else ("unsigned", "UInt64")
    table = Exported("rows", 1, {}, {"id": kind}, pd.DataFrame({"id": pd.array([number, 1], dtype)}))
    other = Exported("out", 1, {}, {"id": "string", "y": "number"}, pd.DataFrame({"id": [f"0{number}"], "y": [1.0]}))
    assert list(with_key_of(other, table, "y").rows["id"]) == [number]


@pytest.mark.parametrize(("written_as", "key"), [("007", "7"), ("7", "7"), (" 7", "7")])
def test_a_number_as_text_is_the_number(written_as: str, key: str) -> None:
    """Leading zeros and blanks of the outcomes' key do not count where the rows have whole numbers."""
    table = Exported(
        "rows", 1, {}, {"id": "integer", "x": "number"}, pd.DataFrame({"id": [int(key), 8], "x": [0.5, 1.5]})
    )
    other = Exported(
        "out", 1, {}, {"id": "string", "y": "number"}, pd.DataFrame({"id": [written_as, "9"], "y": [1.0, 0]})
    )
    found = with_key_of(other, table, "y")
    assert found.types["id"] == "integer"
    assert list(found.rows["id"]) == [7, 9]


def test_a_table_without_key_and_time_is_numbered_and_cut(tmp_path: Path) -> None:
    """Rows are numbered and cut into batches in their order; a label of numbers is a regression."""
    random = np.random.default_rng(1)
    x = random.normal(size=(400, 2)).round(2)
    frame = pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": (x[:, 0] + random.normal(size=400)).round(2)})
    frame.to_csv(tmp_path / "plain.csv", index=False)
    folder = written(propose(Request("plain", tmp_path / "plain.csv", "y")), tmp_path / "plain")
    case = load(folder)
    assert case.retrain.task == "regression"
    assert case.contract.tables["rows"].key == ("row",)
    assert check(folder, data=False).errors == ()


def test_the_predicted_value_is_named_as_the_files_have_it(orders: Path) -> None:
    """`yes` is what the files say for true: both words choose the same class, and another is refused."""
    assert (
        propose(Request("orders", orders, "Late?", positive="yes")).files["model.py"]
        == (propose(Request("orders", orders, "Late?", positive="True")).files["model.py"])
    )
    assert "is False in" in propose(Request("orders", orders, "Late?", positive="NO")).evidence[-1]
    with pytest.raises(InvalidInputError, match="--positive is no value of"):
        propose(Request("orders", orders, "Late?", positive="maybe"))


def test_several_classes_need_the_one_that_is_predicted(orders: Path) -> None:
    """A label of several texts is refused with the flag to set; an unknown column lists the known ones."""
    with pytest.raises(InvalidInputError, match="--positive VALUE"):
        propose(Request("orders", orders, "Age", task="classification"))
    with pytest.raises(InvalidInputError, match="no such column; found 'Nothing'; allowed: order_no, created_at"):
        propose(Request("orders", orders, "Nothing"))


@pytest.mark.parametrize(("task", "names"), [(None, ["low", "mid", "high"]), ("multiclass", [1, 2, 3])])
def test_a_label_of_several_values_is_checked_without_a_correction(
    tmp_path: Path, task: str | None, names: list[str | int]
) -> None:
    """Three texts are three classes; whole numbers are, when a person says so. A column that gives the class away is left out."""
    random = np.random.default_rng(2)
    x = random.normal(size=(600, 2)).round(2)
    place = np.clip(np.round(x[:, 0] + random.normal(0, 0.7, 600) + 1), 0, 2).astype(int)
    label = np.array(names, dtype="object")[place]
    columns = {"a": x[:, 0], "b": x[:, 1], "code": np.array(["k", "l", "m"])[place], "y": label}
    pd.DataFrame(columns).to_csv(tmp_path / "grades.csv", index=False)
    proposal = propose(Request("grades", tmp_path / "grades.csv", "y", task=task))
    folder = written(proposal, tmp_path / "grades")
    case = load(folder)
    assert case.retrain.task == "multiclass"
    assert sorted(case.retrain.class_names) == sorted(map(str, names))
    assert any("code alone orders" in warning for warning in proposal.warnings)
    report = check(folder)
    assert [f"{problem.what}: {problem.found}" for problem in report.errors] == []


def test_a_number_that_counts_up_is_a_key_and_a_measurement_is_not() -> None:
    """Values that never repeat by chance name no row; a column that rises with the rows does, and so do the days of one
    series. Moments that merely did not repeat yet do not."""
    random = np.random.default_rng(2)
    times = pd.Series(
        pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(np.sort(random.integers(0, 10**7, 400)), unit="s")
    )
    number, size = np.arange(400), random.permutation(400)
    types = {"size": "integer", "number": "integer", "at": "timestamp", "y": "boolean"}
    rows = pd.DataFrame({"size": size, "number": number, "at": times, "y": number % 2 == 0})
    assert choose(rows, types, "y").key == ("number",)
    without = {k: v for k, v in types.items() if k != "number"}
    assert choose(rows.drop(columns="number"), without, "y").key == ("at", "size")
    days = pd.Series(pd.bdate_range("2021-01-01", periods=400, tz="UTC"))
    daily = choose(rows.drop(columns="number").assign(at=days), without, "y")
    assert (daily.key, daily.frequency) == (("at",), "quarter")
    measured = choose(
        rows[["size", "y"]].assign(other=random.permutation(400)), {"size": "integer", "other": "integer"}, "y"
    )
    assert measured.numbered


def test_any_name_of_a_column_is_taken(tmp_path: Path) -> None:
    """Names that pandas, Python or Gatehouse use themselves are columns like others; what is reserved is no feature."""
    names = ["self", "key", "score", "label", "time", "index", "reasons", "values", "name", "count", "columns", "dtype", "T",
             "row", "batch", "gh_label", "weight", "__index_level_0__", "class", "lambda", "None", "select", "copy"]  # fmt: skip
    random = np.random.default_rng(5)
    frame = pd.DataFrame({name: random.normal(size=400).round(3) for name in names})
    frame["self"], frame["class"] = random.choice(["a", "b"], 400), random.choice(["p", "q", "r"], 400)
    frame["y"] = (frame["score"] + random.normal(size=400) > 0).astype(int)
    frame.to_csv(tmp_path / "odd.csv", index=False)
    proposal = propose(Request("odd", tmp_path / "odd.csv", "y"))
    assert "#   gh_label: names that begin with gh_" in proposal.files["model.py"]
    report = check(written(proposal, tmp_path / "odd"))
    assert [f"{problem.what}: {problem.found}" for problem in report.errors] == []


def test_a_series_of_one_column_is_predicted_from_its_time(tmp_path: Path) -> None:
    """The time names each row and is a feature still; a table with no column but the label is refused."""
    at = pd.date_range("2024-01-01", periods=2000, freq="h")
    level = pd.Series(np.random.default_rng(3).normal(size=2000).round(3) + at.hour)
    pd.DataFrame({"at": at, "level": level}).to_csv(tmp_path / "series.csv", index=False)
    proposal = propose(Request("series", tmp_path / "series.csv", "level"))
    assert "MOMENTS = ('at',)" in proposal.files["model.py"]
    assert any(warning.startswith("only the time predicts the label") for warning in proposal.warnings)
    report = check(written(proposal, tmp_path / "series"))
    assert [f"{problem.what}: {problem.found}" for problem in report.errors] == []
    pd.DataFrame({"level": level}).to_csv(tmp_path / "alone.csv", index=False)
    with pytest.raises(InvalidInputError, match="no column is left to predict the label from"):
        propose(Request("alone", tmp_path / "alone.csv", "level"))


def test_a_column_that_begins_later_breaks_no_candidate(tmp_path: Path) -> None:
    """A number that the first batches do not have is empty in the first training."""
    random = np.random.default_rng(4)
    frame = pd.DataFrame(random.normal(size=(600, 2)).round(3), columns=["a", "late"])
    frame["y"] = (frame["a"] + random.normal(size=600) > 0).astype(int)
    frame.loc[:400, "late"] = np.nan
    frame.to_csv(tmp_path / "later.csv", index=False)
    report = check(written(propose(Request("later", tmp_path / "later.csv", "y")), tmp_path / "later"))
    assert [f"{problem.what}: {problem.found}" for problem in report.errors] == []


def test_a_date_has_no_hour() -> None:
    """Of a column of days the day of the week is a feature, of one of moments the hour as well."""
    at = pd.date_range("2024-01-01", periods=100, freq="7h")
    rows = pd.DataFrame({"at": at, "x": range(100)})
    assert features(rows, {"at": "date", "x": "integer"}, {}, "at").parts == ("dayofweek",)
    assert features(rows, {"at": "timestamp", "x": "integer"}, {}, "at").parts == ("hour", "dayofweek")
