"""What happens to a use case, step by step: short acts for tests that need a ledger with something in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pandas as pd

from gatehouse.core.audit.canonical_json import canonical, digest, sha256
from gatehouse.core.contract.batch_calendar import batch_interval
from gatehouse.core.gate.evidence_io import evidence_sha256
from gatehouse.core.types import (
    Batch,
    BatchId,
    Candidate,
    Champion,
    Decision,
    FencingLease,
    FileRef,
    ModelVersion,
    MonitoringReport,
    Outcomes,
    Override,
    Prediction,
    PromotionKind,
    Reason,
    Request,
    RuleOutcome,
    RuleResult,
    TrainingSet,
    Verdict,
)
from gatehouse.ports import Lake, Ledger
from support.fakes import FakeLake

APPROVERS = ["Ada", "Bob", "Eve", "ada", "bob", "admin", "reviewer"]
POLICY = canonical({"review": {"approvers": APPROVERS}, "rules": ["better than the champion"]})
NEVER = datetime(2100, 1, 1, tzinfo=UTC)
DRIFT = Reason("drift", "distance moved by 0.31", {"effect": 0.31})


@dataclass
class Story:
    """The acts on one use case. Each returns what the ledger returned."""

    ledger: Ledger
    lake: Lake = field(default_factory=FakeLake)
    name: str = "flights"

    def enter(self, work: str) -> FencingLease:
        return self.ledger.attempts.enter(f"{self.name}/{work}")

    def rows(self, key: str, count: int, kind: str = "landed", first: int = 0) -> FileRef:
        return self.lake.put_frame(pd.DataFrame({"id": [f"{key}-{n}" for n in range(first, first + count)]}), kind)

    def land(self, key: str = "2013-01", count: int = 10) -> Batch:
        files = {"rides": self.rows(key, count)}
        return self.ledger.batches.land(self.enter(f"{key}/land"), self.name, key, batch_interval("month", key), files)

    def parts(self, batch: BatchId, good: int = 9, bad: int = 1) -> dict[str, tuple[FileRef, FileRef]]:
        return {"rides": (self.rows(batch.key, good, "accepted"), self.rows(batch.key, bad, "quarantined", good))}

    def report(self, text: str = "all well") -> FileRef:
        return self.lake.put(text.encode(), "reports", "html")

    def accept(self, key: str = "2013-01") -> Batch:
        batch = self.land(key).id
        self.ledger.batches.accept(self.enter(f"{batch}/validate"), batch, self.parts(batch), self.report())
        return self.ledger.batches.get(batch)

    def quarantine(self, key: str = "2013-01", reason: str = "too few rows") -> Batch:
        batch = self.land(key).id
        self.ledger.batches.quarantine(self.enter(f"{batch}/validate"), batch, reason, self.report(reason))
        return self.ledger.batches.get(batch)

    def arrive(self, batch: BatchId, arrived: datetime, count: int = 9) -> bool:
        file = self.rows(f"{batch.key} outcomes", count, "outcomes")
        return self.ledger.batches.arrive(self.enter(f"{batch}/outcomes"), Outcomes(batch, arrived, file))

    def watch(self, batch: BatchId, *reasons: Reason) -> Request | None:
        found = {
            "columns": {"distance": 0.31},
            "drift": [{"column": "distance", "state": "alarm", "value": 0.31, "limit": 0.1}],
        }
        report = MonitoringReport(batch, batch_interval("month", batch.key).end, found, reasons)
        return self.ledger.batches.watched(self.enter(f"{batch}/watch"), report, {"cooldown": "14 days"})

    def claim(self, request: Request) -> Request:
        return self.ledger.requests.claim(self.enter(f"{request.id}/claim"), request.id)

    def close(self, request: Request, closing: str = "promoted") -> None:
        self.ledger.requests.close(self.enter(f"{request.id}/close"), request.id, "decided", closing)

    def gather(self, request: Request, training: Batch, holdout: Batch) -> TrainingSet:
        files = [self._marked(batch) for batch in (training, holdout)]
        identity = digest([file.sha256 for file in files])
        training_set = TrainingSet(identity, request.id, *files, (training.id,), (holdout.id,))
        self.ledger.requests.record_training_set(self.enter(f"{request.id}/gather"), training_set)
        return training_set

    def _marked(self, batch: Batch) -> FileRef:
        keys = [f"{batch.id.key}-{number}" for number in range(9)]
        return self.lake.put_frame(pd.DataFrame({"gh_key": keys, "gh_batch": str(batch.id)}), "training")

    def fit(self, request: Request, name: str = "linear") -> Candidate:
        file = self.lake.put(f"{request.id} {name}".encode(), "models", "skops")
        candidate = Candidate(request.id, name, {"log_loss": 0.4}, file, f"run-{name}")
        self.ledger.requests.record_candidate(self.enter(f"{request.id}/fit/{name}"), candidate)
        return candidate

    def register(self, training_set: TrainingSet, candidate: Candidate) -> ModelVersion:
        assert candidate.file is not None
        reference = self.lake.put(b"{}", "references", "json")
        until = batch_interval("month", training_set.training_batches[-1].key).end
        files = (candidate.file, reference)
        model = ModelVersion(
            self.name, 0, candidate.name, *files, training_set.sha256, candidate.request, candidate.run_id, until
        )
        return self.ledger.models.register(self.enter(f"{candidate.request}/choose"), model)

    def decide(self, model: ModelVersion, verdict: Verdict = Verdict.PROMOTE, generation: int = 0) -> Decision:
        measured = {"version": model.version, "generation": generation, "verdict": verdict}
        document = {"evidence": measured, "holdout_file": vars(self.rows(f"holdout {generation}", 9, "evidence"))}
        archived = self.lake.put(canonical(document).encode(), "evidence", "json")
        evidence = evidence_sha256(measured)
        result = RuleResult("better", RuleOutcome.PASS, "better by 0.02", value=0.02, limit=0.0, rows=9)
        policy = sha256(POLICY)
        champion = self.ledger.models.champion(self.name) if generation else None
        decision = Decision(
            digest({"evidence": evidence, "policy": policy}),
            self.name,
            model.version,
            verdict,
            f"the gate says {verdict}",
            (result,),
            evidence,
            policy,
            champion.model.version if champion else None,
            generation,
        )
        self.ledger.decisions.record(self.enter(f"{model.version}/gate"), decision, archived, POLICY)
        return decision

    def promote(
        self, decision: Decision, kind: PromotionKind = PromotionKind.DECISION, actor: str = "gate"
    ) -> Champion:
        return self.ledger.models.promote(
            self.name, decision.version, decision.generation, kind, decision.id, actor, decision.sentence
        )

    def override(
        self, decision: Decision, actor: str = "Ada", expires: datetime = NEVER, second_person: bool = False
    ) -> Override:
        """An override on record; `serve` carries it out."""
        generation = champion.generation if (champion := self.ledger.models.champion(self.name)) else 0
        identity = digest([decision.id, generation, actor])
        return self.ledger.overrides.propose(
            Override(
                identity, self.name, decision.version, generation, decision.id, actor, "urgent, for a reason of its own",
                expires, second_person, "Eve",
            )
        )  # fmt: skip

    def serve(self, asked: Override) -> Champion:
        """The champion that an override makes."""
        act = (asked.version, asked.generation, PromotionKind.OVERRIDE, asked.decision, asked.actor, asked.reason)
        return self.ledger.models.promote(self.name, *act, override=asked.id)

    def challenger(self, training: Batch, holdout: Batch, batch: BatchId | None = None) -> ModelVersion:
        """A request opened, claimed and trained for; its challenger, registered."""
        request = self.watch(batch or holdout.id, DRIFT)
        assert request is not None
        self.claim(request)
        return self.register(self.gather(request, training, holdout), self.fit(request))

    def score(self, batch: BatchId, champion: Champion) -> Prediction:
        made_by = {
            "version": champion.model.version,
            "sha256": champion.model.file.sha256,
            "generation": champion.generation,
        }
        frame = pd.DataFrame({"key": [f"{batch.key}-{n}" for n in range(9)], "score": 0.5}).assign(**made_by)
        prediction = Prediction(batch, **made_by, file=self.lake.put_frame(frame, "predictions"))
        self.ledger.batches.scored(self.enter(f"{batch}/score"), prediction)
        return prediction

    def tell(self) -> Champion:
        """The whole loop once: three batches, one request, a champion, a scored batch, and one batch in quarantine."""
        first, second = self.accept("2013-01"), self.accept("2013-02")
        self.arrive(first.id, batch_interval("month", "2013-02").end)
        model = self.challenger(first, second)
        champion = self.promote(self.decide(model))
        self.close(self.ledger.requests.get(model.request))
        third = self.accept("2013-03")
        self.score(third.id, champion)
        self.watch(third.id)
        self.quarantine("2013-04")
        return champion
