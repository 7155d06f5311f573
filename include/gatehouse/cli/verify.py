"""`gatehouse verify`: whether the invariants hold, now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gatehouse.cli.output import emit, json_option, plain, table
from gatehouse.settings import Settings
from gatehouse.verify import Finding, run

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.command()
@json_option
def verify(as_json: bool) -> None:
    """Check the invariants on ledger, lake and MLflow; exit 1 on a breach."""
    findings = run_installed(Settings.from_environment())
    emit([plain(finding) for finding in findings], as_json, _page(findings))
    if not all(finding.ok for finding in findings):
        raise click.exceptions.Exit(1)


def run_installed(settings: Settings) -> list[Finding]:
    """Every finding of the installation; MLflow is asked where one is configured."""
    from gatehouse.adapters.lake import open_lake

    tracking = None
    if settings.mlflow_uri:
        from gatehouse.adapters.tracking import MlflowTracking

        tracking = MlflowTracking(settings.mlflow_uri)
    return run(settings.require("ledger_url"), open_lake(settings.lake), tracking)


def _page(findings: Sequence[Finding]) -> str:
    judged = [(f.invariant, "holds" if f.ok else "BROKEN", f.rows, f.sentence) for f in findings]
    said = [(f.invariant, "breach", text) for f in findings for text in f.breaches]
    said += [(f.invariant, "note", text) for f in findings for text in f.notes]
    broken = [finding.invariant for finding in findings if not finding.ok]
    pages = [table(("invariant", "", "examined", "what it says"), judged)]
    pages += [table(("invariant", "", "what was found"), said)] if said else []
    return "\n\n".join([*pages, f"broken: {', '.join(broken)}" if broken else "every invariant holds"])
