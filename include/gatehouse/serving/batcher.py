"""Puts the questions of one use case in line: one thread answers them, as many at once as have come meanwhile."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from gatehouse.errors import GatehouseError, ServiceUnavailableError
from gatehouse.serving.question import Answer, Question

MOST_TOGETHER = 1_000  # rows
Answered = list[Answer | GatehouseError]


@dataclass(frozen=True)
class _Waiting:
    question: Question
    answer: asyncio.Future[Answer | GatehouseError]

    @property
    def rows(self) -> int:
        return len(self.question.rows)


class Batcher:
    """Takes questions from the event loop to a thread and back.

    Args:
        answer: answers the questions that it is given; called in one thread, never twice at a time.
        together: whether questions may be answered together now.
        most_waiting: questions in line; one more is refused.
    """

    def __init__(
        self, answer: Callable[[Sequence[Question]], Answered], together: Callable[[], bool], most_waiting: int = 1_000
    ) -> None:
        self._answer, self._together, self._most = answer, together, most_waiting
        self._line: deque[_Waiting] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="answers")
        self._working: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many questions are in line."""
        return len(self._line)

    async def ask(self, question: Question) -> Answer:
        """The answer; raises the error that it is instead, ServiceUnavailableError when the line is full."""
        if len(self._line) >= self._most:
            raise ServiceUnavailableError(f"{self._most} requests are in line already; try again later")
        waiting = _Waiting(question, asyncio.get_running_loop().create_future())
        self._line.append(waiting)
        if self._working is None:
            self._working = asyncio.create_task(self._work())
        found = await waiting.answer
        if isinstance(found, GatehouseError):
            raise found
        return found

    def close(self) -> None:
        """End the thread, after what it is doing."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while taken := self._take():
                try:
                    found = await loop.run_in_executor(self._thread, self._answer, [each.question for each in taken])
                except Exception as error:
                    _fail(taken, error)
                    continue
                for waiting, answer in zip(taken, found, strict=True):
                    if not waiting.answer.done():
                        waiting.answer.set_result(answer)
        finally:
            self._working = None

    def _take(self) -> list[_Waiting]:
        """The next question, and those after it that can be answered with it. Nobody waits for some of them any more."""
        taken: list[_Waiting] = []
        rows, together = 0, self._together()
        while self._line:
            first = self._line[0]
            if first.answer.done():
                self._line.popleft()
                continue
            if taken and not (together and first.question.is_plain and rows + first.rows <= MOST_TOGETHER):
                break
            taken.append(self._line.popleft())
            rows += first.rows
            if not first.question.is_plain:
                break
        return taken


def _fail(taken: Sequence[_Waiting], error: Exception) -> None:
    for waiting in taken:
        if not waiting.answer.done():
            waiting.answer.set_exception(error)
