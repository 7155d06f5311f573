"""One use case in a server: its champion, its line of questions, and the log of what was answered."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from gatehouse.context import UseCaseContext
from gatehouse.errors import GatehouseError, NotAllowedError
from gatehouse.ports.serving import ChampionFeed
from gatehouse.serving.answer import Answering, failed_in_code
from gatehouse.serving.batcher import Answered, Batcher
from gatehouse.serving.follower import Follower
from gatehouse.serving.question import Answer, Question
from gatehouse.serving.request_log import RequestLog


class NoChampionError(NotAllowedError):
    """There is no champion to answer with."""


class UseCaseServer:
    """Answers questions about one use case; each answer is of one model alone."""

    def __init__(self, ctx: UseCaseContext, feed: ChampionFeed, log: RequestLog | None = None) -> None:
        self.ctx, self.log = ctx, log
        self.follower = Follower(ctx, feed)
        self._answering = Answering.of(ctx)
        self._batcher = Batcher(self._answers, self._together)

    @property
    def waiting(self) -> int:
        """How many questions are in line."""
        return self._batcher.waiting

    async def start(self) -> None:
        """Open the champion; where the ledger is away the server starts without one, and goes on asking."""
        await asyncio.to_thread(self.follower.start)
        if self.log is not None:
            self.log.start()

    async def stop(self) -> None:
        """End the threads and write the rest of the log."""
        await asyncio.to_thread(self.follower.stop)
        await asyncio.to_thread(self._batcher.close)
        if self.log is not None:
            await self.log.stop()

    async def ask(self, question: Question) -> Answer:
        """The answer, or the named error that it is instead."""
        return await self._batcher.ask(question)

    def notices(self, answer: Answer) -> list[str]:
        """What a reader has to know about an answer besides its numbers."""
        found = []
        if (seconds := self.follower.unconfirmed_seconds) > 0:
            found.append(
                f"The last known champion answers: the ledger has not confirmed it for {seconds:.0f} seconds "
                f"({self.follower.problem or 'it is being asked'})."
            )
        if answer.served.from_other_rows:
            names = ", ".join(answer.served.from_other_rows)
            found.append(f"features() makes {names} out of the other rows of a request: send whole sets of rows.")
        if answer.ignored_columns:
            found.append(f"contract.yaml does not declare these columns: {', '.join(answer.ignored_columns)}.")
        return found

    def _together(self) -> bool:
        served = self.follower.served
        return served is not None and len(served.tried) > 1 and not served.from_other_rows

    def _answers(self, questions: Sequence[Question]) -> Answered:
        served = self.follower.served
        if served is None:
            error: GatehouseError = NoChampionError(f"no model answers yet: {self.follower.problem}")
            return [error] * len(questions)
        found = self._answering.answer(served, questions)
        if failed_in_code(found):
            self.follower.suspect()
        if self.log is not None:
            for predicted in {
                id(each.predicted): each.predicted for each in found if isinstance(each, Answer)
            }.values():
                self.log.add(predicted)
        return found
