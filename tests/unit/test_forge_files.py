"""The files for a forge name targets, files and folders that exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from gatehouse.settings import ROOT

GITHUB = ROOT / ".github"
TARGETS = set(re.findall(r"(?m)^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8")))


def workflow() -> dict[str, Any]:
    """The workflow that every change passes."""
    document: dict[str, Any] = yaml.safe_load((GITHUB / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    return document


def commands() -> list[str]:
    """The shell commands of the workflow."""
    return [step["run"] for job in workflow()["jobs"].values() for step in job["steps"] if "run" in step]


def test_the_workflow_runs_targets_that_exist() -> None:
    """Lint, tests, documents and wheel are make targets of this repository."""
    named = {target for command in commands() for target in re.findall(r"\bmake ([a-z-]+)", command)}
    assert {"check", "test-unit", "test-integration", "test-system", "coverage", "docs", "wheel"} <= named
    assert sorted(named - TARGETS) == []


def test_the_workflow_tests_each_python_that_is_promised() -> None:
    """The matrix has the versions that pyproject.toml allows."""
    allowed = re.search(r'requires-python = ">=3\.(\d+),<3\.(\d+)"', (ROOT / "pyproject.toml").read_text())
    assert allowed
    versions = [f"3.{minor}" for minor in range(int(allowed[1]), int(allowed[2]))]
    assert workflow()["jobs"]["unit"]["strategy"]["matrix"]["python"] == versions


def test_the_workflow_is_pinned_and_may_only_read() -> None:
    """No job writes to the repository, and each action has a version."""
    assert workflow()["permissions"] == {"contents": "read"}
    used = [step["uses"] for job in workflow()["jobs"].values() for step in job["steps"] if "uses" in step]
    assert all(re.fullmatch(r"actions/[\w-]+@v\d+", each) for each in used)


def test_owners_are_named_for_files_that_exist() -> None:
    """Each line of CODEOWNERS fits something, and a policy belongs to the risk owner."""
    lines = [line.split() for line in (GITHUB / "CODEOWNERS").read_text().splitlines() if line and line[0] != "#"]
    for pattern, *owners in lines:
        assert owners
        assert pattern == "*" or any(ROOT.glob(pattern.rstrip("/"))), pattern
    assert ["include/usecases/*/gate.yaml", "@gatehouse/risk-owners"] in lines


@pytest.mark.parametrize("template", sorted((GITHUB / "ISSUE_TEMPLATE").glob("*.md")), ids=lambda path: path.name)
def test_an_issue_template_has_a_name(template: Path) -> None:
    """A forge lists a template by its name and what it is about."""
    head = yaml.safe_load(template.read_text(encoding="utf-8").split("---")[1])
    assert head["name"]
    assert head["about"]


def test_the_hooks_before_a_commit_run_what_exists() -> None:
    """Each hook starts a program of this checkout, on files and modules that are there."""
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    for hook in (hook for repo in config["repos"] for hook in repo["hooks"]):
        program, *words = hook["entry"].split()
        assert (ROOT / program).exists()
        assert all((ROOT / word).exists() for word in words if "/" in word), hook["entry"]


def test_the_workflow_caches_by_locks_that_exist() -> None:
    """The packages of a job are kept as long as its lock stays the same."""
    steps = [step for job in workflow()["jobs"].values() for step in job["steps"]]
    locks = [step["with"]["cache-dependency-path"] for step in steps if "cache" in step.get("with", {})]
    assert len(locks) == len(workflow()["jobs"])
    assert all((ROOT / lock).is_file() for lock in locks)
