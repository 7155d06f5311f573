"""Follows the ledger: opens each new champion and swaps it in when it is warm, and says since when it has not been asked."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from gatehouse.context import UseCaseContext
from gatehouse.core.types import Champion
from gatehouse.errors import GatehouseError
from gatehouse.ports.serving import ChampionFeed
from gatehouse.serving.served_model import ServedModel, open_served, warm_up
from gatehouse.serving.side_tables import newest_side_tables, side_table_names

LOG = logging.getLogger("gatehouse.serving")
POLL_SECONDS = 0.5  # without a notice; a change must be served within two seconds
LATE_SECONDS = 2.0  # an answer whose champion was not confirmed for longer says so
SIDES_SECONDS = 10.0  # between looks for a newer accepted batch


class Follower:
    """The champion of one use case, kept up to date by a thread of its own. `served` is None before there is one."""

    def __init__(
        self,
        ctx: UseCaseContext,
        feed: ChampionFeed,
        opened: Callable[[UseCaseContext, Champion], ServedModel] = open_served,
    ) -> None:
        self._ctx, self._feed, self._open = ctx, feed, opened
        self._thread = threading.Thread(target=self._run, name=f"follow {ctx.name}", daemon=True)
        self._stopped, self._suspected = threading.Event(), threading.Event()
        self.served: ServedModel | None = None
        self.problem = "the ledger was not asked yet"
        self._confirmed = self._looked_for_sides = 0.0

    def start(self) -> None:
        """Look once, so that a server that answers has its champion, and go on in a thread."""
        if self.look():
            self.look()
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2 * POLL_SECONDS + 1)
        self._feed.close()

    def suspect(self) -> None:
        """Try the model again: an answer failed, and its process may have ended."""
        self._suspected.set()

    @property
    def unconfirmed_seconds(self) -> float:
        """How long ago the ledger last said that what is served is the champion; 0 while that is recent."""
        passed = time.monotonic() - self._confirmed
        return passed if passed > LATE_SECONDS else 0.0

    def look(self) -> bool:
        """Ask the ledger once; whatever fails is `problem`, and the last good champion stays. Returns whether a model was
        opened: that takes time, so the ledger is asked again at once."""
        asked, before = time.monotonic(), self.served
        try:
            champion = self._ctx.ledger.models.champion(self._ctx.name)
            if champion is None:
                self.served, self.problem = None, f"{self._ctx.name} has no champion yet"
                return False
            self._serve(champion, asked)
        except GatehouseError as error:
            self._failed(str(error))
        except Exception as error:
            LOG.exception("%s: the champion cannot be followed", self._ctx.name)
            self._failed(f"{type(error).__name__}: {error}")
        else:
            self._confirmed, self.problem = asked, ""
        return self.served is not before

    def _serve(self, champion: Champion, asked: float) -> None:
        served = self.served
        if served is None or served.champion != champion:
            self.served = self._opened(champion)
        elif self._suspected.is_set():
            self._suspected.clear()
            if not self._works(served):
                self.served = self._opened(champion)
        elif side_table_names(self._ctx) and asked - self._looked_for_sides > SIDES_SECONDS:
            self._looked_for_sides = asked
            if newest_side_tables(self._ctx, served.sides) is not served.sides:
                self.served = self._opened(champion)

    def _works(self, served: ServedModel) -> bool:
        try:
            warm_up(self._ctx, served)
        except GatehouseError as error:
            LOG.warning("%s: version %s is opened again: %s", self._ctx.name, served.champion.model.version, error)
            return False
        return True

    def _opened(self, champion: Champion) -> ServedModel:
        started = time.monotonic()
        opened = self._open(self._ctx, champion)
        LOG.info(
            "%s: version %s (generation %s) serves, opened in %.2f s",
            self._ctx.name, champion.model.version, champion.generation, time.monotonic() - started,
        )  # fmt: skip
        return opened

    def _failed(self, problem: str) -> None:
        if problem != self.problem:
            LOG.warning("%s: %s", self._ctx.name, problem)
        self.problem = problem

    def _run(self) -> None:
        while not self._stopped.is_set():
            if not self.look():
                self._feed.wait(POLL_SECONDS)
