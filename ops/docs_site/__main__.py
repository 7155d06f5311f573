"""`make docs-reference`: write the reference pages that are generated from the code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from docs_site import cli_page, invariants_page, table_pages, yaml_pages

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
RUNBOOK = ROOT / "plugins" / "gatehouse_ui" / "runbook.md"  # the pages in Airflow show it with each use case's own
PAGES: dict[str, Callable[[], str]] = {
    "contract-keys.md": lambda: yaml_pages.page("contract"),
    "retrain-keys.md": lambda: yaml_pages.page("retrain"),
    "gate-keys.md": lambda: yaml_pages.page("gate"),
    "notify-keys.md": lambda: yaml_pages.page("notify"),
    "cli.md": cli_page.page,
    "alerts.md": table_pages.alerts,
    "metrics.md": table_pages.metrics,
    "errors.md": table_pages.error_page,
    "invariants.md": invariants_page.page,
    "../how-to/runbook.md": RUNBOOK.read_text,
}


def main() -> None:
    """Write every page."""
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page(), encoding="utf-8")
        print(f"docs/reference/{name}")


if __name__ == "__main__":
    main()
