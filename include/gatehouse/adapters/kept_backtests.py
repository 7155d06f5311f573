"""Reports of backtests that people keep: one page and one short document each, in a folder of the installation.

A backtest needs no ledger and touches none, so its report is no record: it lies beside the other files of the
installation (`GATEHOUSE_STATE_DIR`), and deleting it deletes nothing else.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gatehouse.errors import RecordNotFoundError

_NAME = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}")
MOST = 100  # reports that a page lists


@dataclass(frozen=True)
class KeptBacktest:
    """One kept report: when it was made, of how many batches, and the mean of the metric of each way (None: undefined)."""

    name: str
    made: str
    batches: int
    trainings: int
    metric: str
    means: Mapping[str, float | None]

    @property
    def ways(self) -> list[tuple[str, float]]:
        """The ways to retrain whose mean is known."""
        return [(name, value) for name, value in self.means.items() if value is not None]


def keep(home: Path, document: Mapping[str, Any], page: str, now: datetime | None = None) -> KeptBacktest:
    """Keep the page of a backtest's document. The short document comes last: what it names is there."""
    made = now or datetime.now(UTC)
    digest = hashlib.sha256(page.encode()).hexdigest()[:8]
    totals = document["totals"]
    kept = KeptBacktest(
        f"{made:%Y%m%dT%H%M%SZ}-{digest}",
        f"{made:%Y-%m-%d %H:%M}",
        totals["batches"],
        totals["trainings"],
        document["metric"],
        totals["means"],
    )
    folder = _folder(home, document["use_case"])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{kept.name}.html").write_text(page, encoding="utf-8")
    (folder / f"{kept.name}.json").write_text(json.dumps(asdict(kept)), encoding="utf-8")
    return kept


def kept_backtests(home: Path, use_case: str) -> list[KeptBacktest]:
    """The newest kept reports of a use case, the newest first; what cannot be read is left out."""
    names = (path for path in _folder(home, use_case).glob("*.json") if _NAME.fullmatch(path.stem))
    found = [_read(path) for path in sorted(names, reverse=True)[:MOST]]
    return [each for each in found if each is not None]


def kept_page(home: Path, use_case: str, name: str) -> bytes:
    """The page of a kept report; RecordNotFoundError when there is none of this name."""
    path = _folder(home, use_case) / f"{name}.html"
    if not _NAME.fullmatch(name) or not path.is_file():
        raise RecordNotFoundError(f"no kept backtest report is named {name[:80]!r}")
    return path.read_bytes()


def _folder(home: Path, use_case: str) -> Path:
    return home / "backtests" / use_case


def _read(path: Path) -> KeptBacktest | None:
    try:
        return KeptBacktest(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
