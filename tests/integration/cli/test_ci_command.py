"""`gatehouse ci` in a repository of use cases: which are looked at, against what, and how it ends."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import gatehouse.cli
from gatehouse.ci import run as run_module
from gatehouse.ci.replayed import Replayed
from gatehouse.cli.ci import ci
from gatehouse.core.change_check import BatchResult, FlippedVerdict
from gatehouse.core.config.gate import GatePolicy
from gatehouse.errors import InvalidInputError
from gatehouse.use_case import UseCase

TEMPLATE = Path(gatehouse.cli.__file__).parent / "template"


def git(root: Path, *arguments: str) -> None:
    """Run git there, as somebody."""
    who = ("-c", "user.name=ann", "-c", "user.email=ann@example.com")
    subprocess.run(["git", *who, "-C", str(root), *arguments], check=True, capture_output=True)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with two use cases on `main`, and the branch `change`. A replay is told from the contract and the gate."""
    for name in ("orders", "rides"):
        made = tmp_path / "use_cases" / name
        shutil.copytree(TEMPLATE, made, ignore=shutil.ignore_patterns("__pycache__"))
        for file in ("contract.yaml", "gate.yaml"):
            (made / file).write_text((made / file).read_text().replace("use_case: template", f"use_case: {name}"))
    git(tmp_path, "init", "-b", "main")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-m", "use cases")
    git(tmp_path, "checkout", "-b", "change")
    monkeypatch.setenv("GATEHOUSE_USECASES", str(tmp_path / "use_cases"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run_module, "replayed", told)
    return tmp_path


def told(case: UseCase, other: GatePolicy | None = None) -> Replayed:
    """A replay that quarantines as many rows as `min_rows` says, and whose one decision flips under any other policy."""
    batch = BatchResult("2024-01", "accepted", 1000, case.contract.tables["rows"].min_rows - 100, 0.5)
    return Replayed((batch,), 1, (FlippedVerdict("d" * 64, "HOLD", "PROMOTE", "PROMOTE", -0.1, 10),) if other else ())


def change(root: Path, file: str, old: str, new: str) -> None:
    """Commit an edit of a file of `orders`."""
    path = root / "use_cases" / "orders" / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    git(root, "commit", "-am", "change")


def run(*arguments: str) -> Result:
    """What the command prints and how it ends."""
    done = CliRunner().invoke(ci, ["--base", "main", *arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def test_a_change_is_compared_with_where_its_branch_began(root: Path) -> None:
    """Only the use case that the branch changes is looked at, whatever others did on `main` since; the copy of the base has
    the change undone. A limit that is passed ends with exit code 3, and the files say the same."""
    change(root, "contract.yaml", "min_rows: 100", "min_rows: 150")
    git(root, "checkout", "main")
    (root / "use_cases" / "rides" / "RUNBOOK.md").write_text("# Rides\n")
    git(root, "commit", "-am", "another change")
    git(root, "checkout", "change")
    failed = run("--markdown", "out.md", "--sarif", "out.sarif")
    assert failed.exit_code == 3
    assert "50 of 1,000 rows would newly be refused" in failed.stdout
    assert (root / "out.md").read_text() in failed.stdout
    found = json.loads((root / "out.sarif").read_text())
    (contract, model) = found["runs"][0]["results"]
    assert (contract["level"], model["level"]) == ("error", "note")
    place = contract["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": "use_cases/orders/contract.yaml"}
    assert {contract["ruleId"], model["ruleId"]} <= {rule["id"] for rule in found["runs"][0]["tool"]["driver"]["rules"]}
    assert run("--max-refused", "0.05").exit_code == 0


def test_a_policy_is_judged_on_the_decisions_before_the_change(root: Path) -> None:
    """A change of gate.yaml alone replays once, and fails by its regret."""
    change(root, "gate.yaml", "min_rows: 1000", "min_rows: 10")
    document = json.loads((done := run("--json")).stdout)
    assert done.exit_code == 3
    (case,) = document["use_cases"]
    assert [finding["part"] for finding in case["findings"]] == ["policy"]
    assert "0.1000 worse on 10 rows" in case["findings"][0]["sentence"]


def test_a_file_that_cannot_be_read_fails_and_a_new_use_case_does_not(root: Path) -> None:
    """The sentence names file and key; nothing is replayed for either."""
    change(root, "gate.yaml", "rules:", "rulez:")
    broken = run()
    assert broken.exit_code == 3
    assert "rulez" in broken.stdout
    git(root, "reset", "--hard", "main")
    shutil.move(root / "use_cases" / "orders", root / "use_cases" / "parcels")
    for file in ("contract.yaml", "gate.yaml"):
        path = root / "use_cases" / "parcels" / file
        path.write_text(path.read_text().replace("use_case: orders", "use_case: parcels"))
    git(root, "add", "-A")
    git(root, "commit", "-m", "a new one")
    new = run()
    assert new.exit_code == 0
    assert "nothing to compare with" in new.stdout


def test_a_runbook_changes_nothing_and_an_unknown_base_is_named(root: Path) -> None:
    """Neither of the two replays anything."""
    change(root, "RUNBOOK.md", "#", "##")
    assert "Nothing that runs is changed." in run().stdout
    with pytest.raises(InvalidInputError, match="no common commit of 'nowhere'"):
        run("--base", "nowhere")
