"""Find the use cases that a branch changes, replay each before and after, and compare."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gatehouse.ci.git_change import changed_files, merge_base, restore
from gatehouse.ci.replayed import Replayed, replayed
from gatehouse.core.change_check import Finding, Limits, contract_finding, model_finding, policy_finding
from gatehouse.core.statistics.metrics import metric_named
from gatehouse.errors import GatehouseError
from gatehouse.use_case import UseCase, load

WITHOUT_EFFECT = ("RUNBOOK.md",)
POLICY = "gate.yaml"


@dataclass(frozen=True)
class CheckedChange:
    """What the change means for one use case: the folder, the files that differ, and a finding for each part."""

    use_case: str
    folder: Path
    files: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether every part passes."""
        return all(finding.passed for finding in self.findings)


def check_changes(folders: Iterable[Path], base: str, last: int, limits: Limits) -> list[CheckedChange]:
    """Check every use case that differs from where its branch left `base`, on its last batches."""
    found = []
    for folder in folders:
        commit = merge_base(folder, base)
        files = changed_files(folder, commit)
        if files:
            found.append(CheckedChange(folder.name, folder, files, _findings(folder, commit, files, last, limits)))
    return found


def _findings(folder: Path, commit: str, files: Sequence[str], last: int, limits: Limits) -> tuple[Finding, ...]:
    if not set(files) - set(WITHOUT_EFFECT):
        return ()
    try:
        head = load(folder)
    except GatehouseError as error:
        return (Finding("files", files[0], False, str(error)),)
    with tempfile.TemporaryDirectory(prefix="gatehouse-ci-") as place:
        try:
            base = load(restore(folder, commit, files, Path(place)))
        except GatehouseError as error:
            return (Finding("files", files[0], True, f"nothing to compare with before the change: {error}"),)
        return _compare(base, head, files, last, limits)


def _compare(base: UseCase, head: UseCase, files: Sequence[str], last: int, limits: Limits) -> tuple[Finding, ...]:
    before = replayed(base, head.gate if POLICY in files else None)
    found = []
    if POLICY in files:
        found.append(policy_finding(before.flipped, before.decisions, metric_named(head.gate.metric).title))
    if set(files) - {POLICY, *WITHOUT_EFFECT}:
        found += _both(before, replayed(head), head, last, limits)
    return tuple(found)


def _both(before: Replayed, after: Replayed, head: UseCase, last: int, limits: Limits) -> list[Finding]:
    old, new = before.batches[-last:], after.batches[-last:]
    metric = metric_named(head.retrain.selection_metric)
    return [contract_finding(old, new, limits), model_finding(old, new, metric.title, metric.loss, limits)]
