"""Ask the advisories of the Python Package Index about every locked package: `make audit`.

Runs pip-audit in an environment of its own. Exit 0: all were asked about and none has a known fault; 1: some have, or some
could not be asked about; 2: the advisories cannot be reached, so nothing was audited, and it says so.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
COMMAND = [str(Path(sys.executable).parent / "uv"), "tool", "run", "-q", "--python", sys.executable,
           "--from", "pip-audit>=2.9,<3", "pip-audit", "--disable-pip", "--require-hashes", "--format", "json",
           "--progress-spinner", "off", "-r", str(ROOT / "requirements" / "dev.txt")]  # fmt: skip


def verdict(report: dict[str, Any] | None) -> tuple[int, list[str]]:
    """The exit code and what to tell, from pip-audit's own report (None: it gave none)."""
    found = (report or {}).get("dependencies", [])
    skipped = [each for each in found if "skip_reason" in each]
    if len(skipped) == len(found):
        return 2, [
            f"nothing was audited: the advisories of the index cannot be reached ({len(skipped)} packages skipped)"
        ]
    lines = [f"{each['name']} could not be audited: {each['skip_reason']}" for each in skipped]
    lines += [
        f"{each['name']} {each['version']}: {fault['id']}, fixed in {', '.join(fault['fix_versions']) or 'no version yet'}"
        for each in found
        for fault in each.get("vulns", [])
    ]
    asked = len(found) - len(skipped)
    return (1, lines) if lines else (0, [f"{asked} packages were asked about; no known faults"])


def main() -> int:
    """Run pip-audit and tell what it found."""
    done = subprocess.run(COMMAND, capture_output=True, text=True, check=False, cwd=ROOT)
    try:
        report = json.loads(done.stdout)
    except ValueError:
        report = None
        sys.stderr.write(done.stderr[-2000:])
    code, lines = verdict(report)
    sys.stdout.write("\n".join(lines) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
