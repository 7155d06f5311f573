"""Rows and estimators for what might have been: each is made once, and most of them while the replay still goes on.

A replay keeps one core busy between its trainings, and what a what-if will ask for is known long before it asks. Nothing
depends on what was made ahead: it is found by what it was made of, and what is missing is made when it is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Any

from gatehouse.backtest.replay import Taken
from gatehouse.core.records import Batch, BatchState, Outcomes, TrainingSet
from gatehouse.errors import ModelError
from gatehouse.site import Site
from gatehouse.stages.rows import LABEL, batch_frame, with_labels
from gatehouse.stages.score import model_inputs

if TYPE_CHECKING:
    import pandas as pd

ROWS = 100_000


class Once:
    """Values by key, each made by the first who asks; others wait for it, and what it raised is raised again."""

    def __init__(self) -> None:
        self._made: dict[Hashable, Future[Any]] = {}
        self._alone = Lock()

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        with self._alone:
            first = key not in self._made
            found = self._made.setdefault(key, Future())
        if first:
            try:
                found.set_result(make())
            except BaseException as error:
                found.set_exception(error)
        return found.result()


class Fitted:
    """What a site's history gives: labelled rows by batch and outcomes, estimators by candidate and rows."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._rows, self._models = Once(), Once()
        self._accepted: dict[str, Batch] = {}

    def rows(self, batch: Batch, outcomes: Outcomes) -> pd.DataFrame | None:
        """The accepted rows whose outcomes are known; None where there are none or the features cannot be made, which the
        replay has reported as the batch's error. Kept in memory."""
        found: pd.DataFrame | None = self._rows.get(_made_of(batch, outcomes), lambda: self._labelled(batch, outcomes))
        return found

    def model(self, name: str, parts: Sequence[tuple[Batch, Outcomes]]) -> Any:
        """One estimator on at most `ROWS` of the rows of these batches, evenly spaced in time; None when it cannot be fitted
        (no rows, one class only)."""
        key = name, tuple(_made_of(*part) for part in parts)
        return self._models.get(key, lambda: self._fit(name, parts))

    @contextmanager
    def ahead(self) -> Iterator[Callable[[Taken], None]]:
        """To be told of each batch of the replay after its turn; a thread fits what the what-ifs would have scored it by."""
        with ThreadPoolExecutor(1) as behind:
            try:
                yield lambda taken: self._reached(behind, taken)
            finally:
                behind.shutdown(cancel_futures=True)

    def _reached(self, behind: ThreadPoolExecutor, taken: Taken) -> None:
        batch = self.site.ledger.batches.get(taken.batch) if taken.batch else None
        if batch is None or batch.state is not BatchState.ACCEPTED:
            return
        self._accepted[batch.id.key] = batch
        first, name = first_champion(self.site), candidate_at(self.site, batch.interval.start)
        if first is not None and name is not None:
            known = matured(self.site, self._accepted, batch.interval.start)
            for parts in (known, known[-window_of(first[1]) :]):
                behind.submit(self.model, name, parts)

    def _labelled(self, batch: Batch, outcomes: Outcomes) -> pd.DataFrame | None:
        try:
            frame = with_labels(self.site, batch_frame(self.site, batch), outcomes)
        except Exception:
            return None
        known = frame[frame[LABEL].notna()]
        return known if len(known) else None

    def _fit(self, name: str, parts: Sequence[tuple[Batch, Outcomes]]) -> Any:
        frames = [frame for frame in (self.rows(*part) for part in parts) if frame is not None]
        if not frames:
            return None
        rows = _stacked(frames)
        estimator = self.site.case.model.estimators(self.site.case.retrain.seed)[name]
        try:
            return self.site.models.fit(name, estimator, model_inputs(rows), rows[LABEL].to_numpy("float64"))
        except ModelError:
            return None


def matured(site: Site, batches: Mapping[str, Batch], moment: datetime) -> list[tuple[Batch, Outcomes]]:
    """Those of the batches whose outcomes had arrived by a moment, with them, in the order of arrival."""
    outcomes = site.ledger.batches.outcomes(site.name, moment)
    found = [(batches[key], each) for key, each in outcomes.items() if key in batches]
    return sorted(found, key=lambda part: (part[1].arrived, part[0].id.key))


def candidate_at(site: Site, moment: datetime) -> str | None:
    """The candidate that the newest challenger was."""
    made = [
        (site.ledger.requests.get(model.request).as_of, model.candidate) for model in site.ledger.models.list(site.name)
    ]
    return max(((as_of, name) for as_of, name in made if as_of <= moment), default=(moment, None))[1]


def first_champion(site: Site) -> tuple[int, TrainingSet] | None:
    """The version of the first champion and what it was trained on."""
    promotions = site.ledger.models.promotions(site.name)
    if not promotions:
        return None
    model = site.ledger.models.get(site.name, promotions[0].version)
    return model.version, site.ledger.requests.training_set(model.request)


def window_of(training_set: TrainingSet) -> int:
    """How many batches a model was made of."""
    return len(training_set.training_batches) + len(training_set.holdout_batches)


def _made_of(batch: Batch, outcomes: Outcomes) -> tuple[str, str]:
    return str(batch.id), outcomes.file.sha256


def _stacked(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """At most `ROWS` rows of the frames, each thinned alike: the cost of a fit does not grow with the history."""
    import pandas as pd

    total = sum(len(frame) for frame in frames)
    step = max(1, math.ceil(total / ROWS))
    return pd.concat([frame.iloc[::step] for frame in frames], ignore_index=True)
