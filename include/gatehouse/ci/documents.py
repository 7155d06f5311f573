"""A checked change as Markdown for a pull request, as SARIF for a forge, and as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gatehouse import __version__
from gatehouse.ci.run import CheckedChange
from gatehouse.core.change_check import Finding

SHOWN = 20  # details of a finding
RULES = {
    "contract": "The contract refuses no more rows of the last batches.",
    "policy": "The policy's verdicts on past evidence are no worse.",
    "model": "The served models are no worse on the last batches.",
    "files": "The files of the use case can be read.",
}


def markdown(changes: Sequence[CheckedChange]) -> str:
    """A section for each use case, with a table of its parts and the details below."""
    if not changes:
        return "No use case is changed.\n"
    return "\n".join(_section(change) for change in changes)


def _section(change: CheckedChange) -> str:
    lines = [f"## {change.use_case}: {_word(change.passed)}", "", f"Changed: {', '.join(map(_code, change.files))}", ""]
    if not change.findings:
        return "\n".join([*lines, "Nothing that runs is changed.", ""])
    lines += ["| part | result | what the change means |", "|---|---|---|"]
    lines += [f"| {each.part} | {_word(each.passed)} | {_cell(each.sentence)} |" for each in change.findings]
    for finding in change.findings:
        lines += _details(finding)
    return "\n".join([*lines, ""])


def _details(finding: Finding) -> list[str]:
    if not finding.details:
        return []
    shown = [f"- {_cell(detail)}" for detail in finding.details[:SHOWN]]
    more = len(finding.details) - SHOWN
    return ["", f"### {finding.part}", "", *shown, *([f"- and {more} more"] if more > 0 else [])]


def _word(passed: bool) -> str:
    return "pass" if passed else "**fail**"


def _code(text: str) -> str:
    return f"`{text}`"


def _cell(text: str) -> str:
    """Text from data and errors: on one line, and no markup of its own."""
    plain = " ".join(text.split()).replace("\\", "\\\\")
    return "".join(f"\\{each}" if each in "|<>*_`[]" else each for each in plain)


def sarif(changes: Sequence[CheckedChange], root: Path) -> dict[str, Any]:
    """SARIF 2.1.0: each finding that fails is an error at its file, every other one a note."""
    results = [
        {
            "ruleId": finding.part,
            "level": "note" if finding.passed else "error",
            "message": {"text": f"{change.use_case}: {finding.sentence}"},
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": _uri(change, finding, root)}}}],
        }
        for change in changes
        for finding in change.findings
    ]
    rules = [{"id": name, "shortDescription": {"text": text}} for name, text in RULES.items()]
    driver = {"name": "gatehouse ci", "version": __version__, "rules": rules}
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }


def _uri(change: CheckedChange, finding: Finding, root: Path) -> str:
    """The changed file, relative to the repository."""
    file = change.folder / (finding.file if finding.file in change.files else change.files[0])
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else file.name


def document(changes: Sequence[CheckedChange]) -> dict[str, Any]:
    """Plain values."""
    return {
        "passed": all(change.passed for change in changes),
        "use_cases": [
            {
                "use_case": change.use_case,
                "passed": change.passed,
                "files": list(change.files),
                "findings": [asdict(each) for each in change.findings],
            }
            for change in changes
        ],
    }
