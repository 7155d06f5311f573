"""`gatehouse audit verify`: whether the invariants hold, now."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatehouse.adapters.anchor_keys import is_signed
from gatehouse.cli.output import json_option, plain, print_result, table
from gatehouse.core.audit.hash_chain import check
from gatehouse.core.audit.signed_export import breaches_of, unseal
from gatehouse.invariants import InvariantResult
from gatehouse.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.command()
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="An exported audit log to check instead.",
)
@click.option("--public-key", default="", help="The key that a signed export has to be signed with.")
@json_option
def verify(file: Path | None, public_key: str, as_json: bool) -> None:
    """Check the invariants and anchors of the installation, or an exported audit log alone. Exit code 1 on a breach."""
    if file is not None:
        _verify_export(file, public_key.strip().lower(), as_json)
        return
    findings = run_installed(Settings.from_environment())
    print_result([plain(finding) for finding in findings], as_json, _page(findings))
    if not all(finding.ok for finding in findings):
        raise click.exceptions.Exit(1)


def _verify_export(file: Path, key: str, as_json: bool) -> None:
    export, seal = unseal(file.read_bytes())
    checked = check(export.splitlines(keepends=True))
    head = f"{checked.entries} entries, head {checked.head}"
    if key:
        wrong = breaches_of(export, seal, key, is_signed) if seal else ["the file has no signature"]
        checked = replace(checked, breaches=(*checked.breaches, *wrong))
        head += f", signed with {key[:16]}"
    elif seal:
        head += "; its signature was not checked: give --public-key"
    human = "\n".join([*checked.breaches, f"BROKEN: {head}"]) if checked.breaches else f"the audit log is whole: {head}"
    print_result(plain(checked), as_json, human)
    if checked.breaches:
        raise click.exceptions.Exit(1)


def run_installed(settings: Settings) -> list[InvariantResult]:
    """Every finding of the installation; MLflow is asked where one is configured."""
    from gatehouse.bootstrap import verify_installation

    return verify_installation(settings)


def _page(findings: Sequence[InvariantResult]) -> str:
    judged = [(f.invariant, "holds" if f.ok else "BROKEN", f.rows, f.sentence) for f in findings]
    said = [(f.invariant, "breach", text) for f in findings for text in f.breaches]
    said += [(f.invariant, "note", text) for f in findings for text in f.notes]
    broken = [finding.invariant for finding in findings if not finding.ok]
    pages = [table(("invariant", "", "examined", "what it says"), judged)]
    pages += [table(("invariant", "", "what was found"), said)] if said else []
    return "\n\n".join([*pages, f"broken: {', '.join(broken)}" if broken else "every invariant holds"])
