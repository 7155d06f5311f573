"""Hand-written fakes of the ports. They subclass them, so a port that changes breaks its fake."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Collection, Iterable, Mapping, Sequence

import pandas as pd

from gatehouse.adapters import parquet
from gatehouse.core.config.notify import Recipient
from gatehouse.core.notifications.notification import Notification
from gatehouse.core.types import Decision, FileRef, ModelVersion, TrainingSet
from gatehouse.errors import LakeError
from gatehouse.ports import (
    BatchLog,
    CandidateRun,
    DecisionLog,
    Held,
    Lake,
    Notifier,
    Registration,
    Tracking,
    TrainingRun,
)


class FakeLake(Lake):
    """A lake in memory: `files` maps a path to its bytes, and a test may damage them."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def put(self, data: bytes, kind: str, suffix: str) -> FileRef:
        return self._put(data, kind, suffix, None)

    def put_frame(self, frame: pd.DataFrame, kind: str) -> FileRef:
        return self._put(parquet.encode(frame), kind, "parquet", len(frame))

    def put_parts(self, frames: Iterable[pd.DataFrame], kind: str) -> FileRef:
        rows = parquet.encode_parts(frames, stream := io.BytesIO())
        return self._put(stream.getvalue(), kind, "parquet", rows)

    def restore(self, file: FileRef, data: bytes) -> None:
        self.files[file.path] = data

    def read(self, file: FileRef) -> bytes:
        data = self.files.get(file.path)
        if data is None or hashlib.sha256(data).hexdigest() != file.sha256:
            raise LakeError(f"{file.path} is {'missing' if data is None else 'not what was stored'}")
        return data

    def frame(self, file: FileRef, columns: Sequence[str] | None = None, rows: range | None = None) -> pd.DataFrame:
        return parquet.decode(self.read(file), columns, rows)

    def columns(self, file: FileRef) -> tuple[str, ...]:
        return tuple(self.frame(file, rows=range(0)).columns)

    def _put(self, data: bytes, kind: str, suffix: str, rows: int | None) -> FileRef:
        sha256 = hashlib.sha256(data).hexdigest()
        path = f"{kind}/{sha256[:2]}/{sha256}.{suffix}"
        self.files[path] = data
        return FileRef(path, sha256, len(data), rows)


class FakeTracking(Tracking):
    """A tracking server in memory: `aliases` maps (use case, alias) to a version, `tags` what a run was tagged with."""

    def __init__(self) -> None:
        self.aliases: dict[tuple[str, str], int] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.fits: dict[str, TrainingRun] = {}
        self.candidates: dict[tuple[str, str], str] = {}
        self.registered: list[ModelVersion] = []
        self.copies: dict[int, bytes] = {}
        self.judged: dict[str, DecisionLog] = {}
        self.words: dict[int, str] = {}
        self.batches: dict[str, BatchLog] = {}

    def log_candidate(self, run: CandidateRun, fit: TrainingRun, dataset: TrainingSet) -> str:
        run_id = self.run_id(run)
        self.fits.setdefault(run_id, fit)
        self.candidates[run.request, run.candidate] = run_id
        return run_id

    def register(self, model: ModelVersion, registered: Registration) -> None:
        if model not in self.registered:
            self.registered.append(model)
            self.copies[model.version] = registered.data

    def flag(self, run: CandidateRun, tags: Mapping[str, str]) -> None:
        self.tags.setdefault(self.run_id(run), {}).update(tags)

    @staticmethod
    def run_id(run: CandidateRun) -> str:
        return f"{run.use_case}-{run.request}-{run.candidate}"

    def decided(self, decision: Decision, judged: DecisionLog) -> None:
        self.flag(judged.run, {"verdict": decision.verdict, "decision": decision.id})
        self.judged[decision.id] = judged

    def mirror(
        self, use_case: str, champion: int | None, challenger: int | None, words: Mapping[int, str] | None = None
    ) -> None:
        self.words |= words or {}
        for alias, version in (("champion", champion), ("challenger", challenger)):
            self.aliases.pop((use_case, alias), None)
            if version is not None:
                self.aliases[use_case, alias] = version

    def log_batch(self, use_case: str, name: str, told: BatchLog) -> None:
        self.batches[name] = told

    def held(self, use_case: str, served: Collection[int] = ()) -> Held:
        flags = {key: self.tags.get(run_id, {}).get("gatehouse.flag", "") for key, run_id in self.candidates.items()}
        registered = {m.version: CandidateRun(use_case, m.request, m.candidate) for m in self.registered}
        judged = {v: self.tags.get(self.run_id(run), {}).get("decision", "") for v, run in registered.items()}
        marks = {name: told.mark for name, told in self.batches.items()}
        return Held(flags, judged, marks, {alias: version for (_, alias), version in self.aliases.items()})

    def model_bytes(self, use_case: str, version: int) -> bytes | None:
        return self.copies.get(version)

    def champion_alias(self, use_case: str) -> int | None:
        return self.aliases.get((use_case, "champion"))


class FakeNotifier(Notifier):
    """Keeps what it was given; a recipient in `away` is not reached."""

    def __init__(self) -> None:
        self.delivered: list[Notification] = []
        self.away: set[str] = set()

    def deliver(self, recipient: Recipient, message: Notification) -> None:
        if recipient.name in self.away:
            raise ConnectionRefusedError("postgresql://user:secret@host")
        self.delivered.append(message)
