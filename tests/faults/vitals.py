"""What a running stack looks like from outside, every few seconds: heartbeats, resident memory, open files."""

from __future__ import annotations

import contextlib
import threading
from collections import defaultdict
from datetime import UTC, datetime

import httpx
import psutil

from gatehouse.dev_stack import stack
from gatehouse.dev_stack.stack import Stack

EVERY_SECONDS, WARM_SECONDS = 5.0, 180.0
GROWTH, FLOOR, MORE_FILES = 0.10, 30 << 20, 20  # of memory (less than 30 MB is none), and of open files


class Vitals(threading.Thread):
    """Samples until it is ended. A restarted component is another process and grows from its own beginning."""

    def __init__(self, running: Stack) -> None:
        super().__init__(daemon=True)
        self._running, self._end = running, threading.Event()
        self.gap = 0.0  # the longest time between a scheduler's heartbeat and when it was asked for
        self._seen: dict[tuple[str, int], list[tuple[float, int, int]]] = defaultdict(list)

    def run(self) -> None:
        while not self._end.wait(EVERY_SECONDS):
            with contextlib.suppress(OSError, ValueError, httpx.HTTPError, psutil.Error):
                self._sample()

    def end(self) -> None:
        """No more samples."""
        self._end.set()
        self.join()

    def grown(self) -> list[str]:
        """Components whose memory or open files have grown since they were warm: the median of the last ten samples
        against that of ten after the warm-up."""
        found = []
        for (name, _), samples in self._seen.items():
            warm = [each for each in samples if each[0] > samples[0][0] + WARM_SECONDS]
            if len(warm) < 40:
                continue
            (memory, files), (memory_now, files_now) = _middle(warm[:10]), _middle(warm[-10:])
            if memory_now - memory > max(GROWTH * memory, FLOOR):
                found.append(f"{name}: resident memory grew from {memory >> 20} to {memory_now >> 20} MB")
            if files_now - files > MORE_FILES:
                found.append(f"{name}: open files grew from {files} to {files_now}")
        return found

    def _sample(self) -> None:
        now = datetime.now(UTC)
        for part in stack.status(self._running.home)["components"]:
            leader = psutil.Process(part["pid"])
            memory, files = leader.memory_info().rss, leader.num_fds()
            self._seen[part["name"], part["pid"]].append((now.timestamp(), memory, files))
        answer = httpx.get(f"{self._running.airflow_url}/api/v2/monitor/health", trust_env=False, timeout=5)
        beat = datetime.fromisoformat(answer.json()["scheduler"]["latest_scheduler_heartbeat"])
        self.gap = max(self.gap, (datetime.now(UTC) - beat).total_seconds())


def _middle(samples: list[tuple[float, int, int]]) -> tuple[int, int]:
    memory, files = sorted(each[1] for each in samples), sorted(each[2] for each in samples)
    return memory[len(memory) // 2], files[len(files) // 2]
