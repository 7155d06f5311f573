"""Plays a use-case folder through the real stages over a ledger of the test server, and says what became of it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from gatehouse.adapters.lake import open_lake
from gatehouse.backtest.context import BacktestContext
from gatehouse.backtest.history import EVER
from gatehouse.backtest.replay import ProcessedBatch, replay
from gatehouse.core.types import BatchState, RequestState
from gatehouse.errors import GatehouseError
from gatehouse.pipeline import gather
from gatehouse.pipeline.batch_data.outcome_problems import outcome_problems
from gatehouse.pipeline.manual import request_retraining
from gatehouse.ports import Ledger
from gatehouse.use_case import load
from support.folders import Delivery

Labels = dict[float, float]
UNNAMED = re.compile(r"\(\w+\.py, line \d+\)")


@dataclass
class Played:
    """A use case after its history: the site, and what became of each batch."""

    ctx: BacktestContext
    taken: list[ProcessedBatch]
    refused: str = ""

    @property
    def states(self) -> dict[str, str | None]:
        """What became of each batch, by key; None for one that could not be landed."""
        return {each.key: each.state and str(each.state) for each in self.taken}

    @property
    def accepted(self) -> list[str]:
        """The keys of the accepted batches."""
        return [each.key for each in self.taken if each.state is BatchState.ACCEPTED]

    def said(self, key: str | None = None) -> str:
        """Every sentence that a person is told about one batch or about all: errors, reasons, refused outcomes, how
        requests ended, and what the watch found out about outcomes."""
        ledger, name = self.ctx.ledger, self.ctx.name
        errors = [error for each in self.taken if key in (None, each.key) for error in each.errors]
        reasons = [batch.reason for batch in ledger.batches.list(name) if batch.reason and key in (None, batch.id.key)]
        notes = [
            entry.body
            for entry in ledger.audit_log.entries(about=f"{name}/{key or ''}")
            if entry.kind.startswith("outcomes.") and entry.kind != "outcomes.arrived"
        ]
        requests = ledger.requests.list(name)
        failed = [each.reason for request in requests for each in ledger.requests.candidates(request.id) if each.reason]
        outcomes = outcome_problems(self.ctx, EVER)
        told = [sentence for batch, sentence in outcomes.items() if key in (None, batch)]
        closings = [request.closing for request in requests]
        return "\n".join([*errors, *reasons, *notes, *failed, *told, *closings, self.refused])

    @property
    def tracebacks(self) -> list[str]:
        """The sentences that have no name of ours: an exception of a library with a line of our code."""
        return [line for line in self.said().splitlines() if UNNAMED.search(line)]

    def labels(self) -> Labels:
        """The label of every row of the training set and holdout of a request asked for now, by the row's amount."""
        frame = self.training_rows()
        assert frame["amount"].is_unique, "a row is in the training set twice"
        return dict(zip(frame["amount"].tolist(), frame["gh_label"].tolist(), strict=True))

    def training_rows(self) -> pd.DataFrame:
        """Training set and holdout of a request asked for now; no rows, and a sentence that is told, where refused."""
        self._close_requests()
        try:
            asked = request_retraining.request_retraining(self.ctx, "ann", "to see the rows")
            kept = gather.build_training_set(self.ctx, gather.claim(self.ctx, asked.id))
        except GatehouseError as error:
            self.refused = str(error)
            return pd.DataFrame({"amount": [], "gh_label": []})
        return pd.concat([self.ctx.lake.frame(kept.training), self.ctx.lake.frame(kept.holdout)], ignore_index=True)

    def _close_requests(self) -> None:
        requests = self.ctx.ledger.requests
        while pending := requests.pending(self.ctx.name):
            gather.claim(self.ctx, pending.id)
            lease = self.ctx.ledger.attempts.enter(f"{self.ctx.name}/{pending.id}/close")
            requests.close(lease, pending.id, RequestState.CANCELLED, "another is asked for")

    def quarantined(self, key: str) -> pd.DataFrame:
        """The quarantined rows of a batch."""
        batch = self.ctx.ledger.batches.list(self.ctx.name)
        part = next(each for each in batch if each.id.key == key).tables["rows"].quarantined
        assert part is not None
        return self.ctx.lake.frame(part)


def play(folder: Path, ledger: Ledger, lake: Path) -> Played:
    """Take every batch of the folder through the real stages, as a backtest does."""
    ctx = BacktestContext(load(folder), ledger, open_lake(str(lake)))
    return Played(ctx, replay(ctx))


def joined(deliveries: Iterable[Delivery], key: Sequence[str]) -> Labels:
    """The label of each delivered row by an independent join: dictionaries of tuples of the values as they were made.

    A row whose key has a null part has none, nor has one whose outcomes contradict each other.
    """
    labels: Labels = {}
    for delivery in deliveries:
        known: dict[tuple[Any, ...], set[float]] = {}
        for row in delivery.outcomes.to_dict("records"):
            if not missing(row["label"]):
                known.setdefault(tuple(row[part] for part in key), set()).add(float(row["label"]))
        for row in delivery.rows.to_dict("records"):
            values = tuple(row[part] for part in key)
            if any(missing(value) for value in values) or len(known.get(values, ())) != 1:
                continue
            labels[row["amount"]] = next(iter(known[values]))
    return labels


def missing(value: Any) -> bool:
    """Whether a value is no value."""
    return value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and math.isnan(value))


def same(found: Mapping[float, float], wanted: Mapping[float, float]) -> str:
    """How the labels of rows differ from what they should be; empty when each row has its own."""
    wrong = [f"{row}: found {found[row]}, wanted {wanted.get(row)}" for row in found if found[row] != wanted.get(row)]
    lost = [str(row) for row in wanted if row not in found]
    parts = [
        f"{len(wrong)} wrong labels: {wrong[:3]}" if wrong else "",
        f"{len(lost)} lost rows: {lost[:3]}" if lost else "",
    ]
    return "; ".join(part for part in parts if part)
