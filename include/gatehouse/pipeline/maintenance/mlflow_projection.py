"""Projection: what the ledger has and MLflow lacks is given to MLflow again, whatever took it away.

One comparison serves every cause: MLflow was away, it refused, a run died before it told, or somebody deleted something.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from gatehouse.context import UseCaseContext
from gatehouse.core.types import Candidate, Decision, ModelVersion, TrainingSet
from gatehouse.errors import LakeError, ServiceUnavailableError
from gatehouse.pipeline.choose import tell_choice
from gatehouse.pipeline.maintenance.find_pending import FORGOTTEN_SECONDS, young
from gatehouse.pipeline.maintenance.publish_mlflow import publish_decision, untold_batches
from gatehouse.pipeline.maintenance.track_mlflow import behind, caught_up, is_behind, kept, run_of
from gatehouse.pipeline.promote import point_aliases, served_versions
from gatehouse.ports import Held, TrainingRun

AT_ONCE = 25  # items in one sweep: each takes MLflow some tenths of a second, a decision some seconds
AWAY = 3  # items that MLflow does not answer for, after which the rest waits for the next sweep
RESTORED = "gatehouse.restored"
log = logging.getLogger(__name__)


@dataclass
class MadeUp:
    """What one sweep gave to MLflow, by name, and what MLflow would not take, a sentence each."""

    done: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    away: int = 0
    left: bool = False

    def attempt(self, name: str, work: Callable[[], object]) -> None:
        """Give one thing to MLflow. What fails stops nothing else; a damaged file is left to `gatehouse audit verify`."""
        if len(self.done) >= AT_ONCE or self.away >= AWAY:
            self.left = True
            return
        try:
            work()
        except LakeError:
            log.warning("%s cannot be told: its file is damaged", name)
        except Exception as error:
            log.warning("MLflow lacks %s", name, exc_info=True)
            self.away += isinstance(error, ServiceUnavailableError)
            self.refused.append(f"MLflow lacks {name}: {type(error).__name__}: {error}")
        else:
            self.done.append(name)


def make_up(ctx: UseCaseContext, now: datetime | None = None, attended: Collection[str] = ()) -> MadeUp:
    """Compare MLflow with the ledger and tell what it lacks, the oldest first. `attended` are the requests that a run is
    training for: it tells MLflow itself, and two at once would register a version twice."""
    served = {version for version in served_versions(ctx) if version is not None}
    held, made, was_behind = ctx.tracking.held(ctx.name, served), MadeUp(), is_behind(ctx)
    lost = [
        *_tell_candidates(ctx, held, made),
        *_tell_choices(ctx, held, made, attended),
        *_tell_decisions(ctx, made, unpublished_decisions(ctx, held, now)),
    ]
    if lost:
        behind(ctx, f"MLflow lacks {len(lost)} things that the ledger has, the first is {lost[0]}; they are told again")
    if lost or was_behind or _pointed(held) != served_versions(ctx):
        made.attempt("the aliases", lambda: point_aliases(ctx))
    _tell_batches(ctx, held, made)
    if not made.refused and not made.left:
        caught_up(ctx)
    return made


def _pointed(held: Held) -> tuple[int | None, int | None]:
    return held.aliases.get("champion"), held.aliases.get("challenger")


def _tell_candidates(ctx: UseCaseContext, held: Held, made: MadeUp) -> list[str]:
    """Log the candidates that have no finished run; returns their names."""
    names = []
    for candidate in _candidates(ctx):
        if (candidate.request, candidate.name) not in held.candidates:
            names.append(f"candidate {candidate.name} of request {candidate.request[:8]}")
            made.attempt(names[-1], lambda candidate=candidate: _log(ctx, candidate))  # type: ignore[misc]
    return names


def _candidates(ctx: UseCaseContext) -> Iterator[Candidate]:
    for request in ctx.ledger.requests.list(ctx.name):
        yield from ctx.ledger.requests.candidates(request.id)


def _log(ctx: UseCaseContext, candidate: Candidate) -> str:
    training_set = ctx.ledger.requests.training_set(candidate.request)
    fit = kept(ctx, candidate) or _known(ctx, candidate, training_set)
    return ctx.tracking.log_candidate(run_of(ctx, candidate), fit, training_set)


def _known(ctx: UseCaseContext, candidate: Candidate, training_set: TrainingSet) -> TrainingRun:
    """What ledger and lake know of a candidate whose run MLflow has lost: everything but its plots and its machine."""
    tags = {
        RESTORED: "MLflow had lost this run; it is logged again from the ledger, without its plots",
        "gatehouse.use_case": ctx.name,
        "gatehouse.training_set": training_set.sha256,
        "gatehouse.training_batches": " ".join(batch.key for batch in training_set.training_batches),
        "gatehouse.holdout_batches": " ".join(batch.key for batch in training_set.holdout_batches),
    }
    if candidate.file is None:
        return TrainingRun({}, {}, {}, tags | {"gatehouse.flag": "failed", "gatehouse.reason": candidate.reason})
    estimator = ctx.models.load(ctx.lake.read(candidate.file), candidate.file.sha256)
    return TrainingRun(ctx.models.parameters(estimator), candidate.metrics, {}, tags)


def _tell_choices(ctx: UseCaseContext, held: Held, made: MadeUp, attended: Collection[str]) -> list[str]:
    """Register the versions that MLflow lacks and flag their candidates; returns their names. A command that has only just
    chosen tells MLflow itself."""
    names = []
    for model in ctx.ledger.models.list(ctx.name):
        idle = ctx.ledger.attempts.idle(f"{ctx.name}/{model.request}/choose")
        busy = model.request in attended or (idle is not None and idle <= FORGOTTEN_SECONDS)
        if not busy and not _has_choice(ctx, held, model):
            names.append(f"version {model.version}")
            made.attempt(names[-1], lambda model=model: tell_choice(ctx, model))  # type: ignore[misc]
    return names


def _has_choice(ctx: UseCaseContext, held: Held, model: ModelVersion) -> bool:
    candidates = ctx.ledger.requests.candidates(model.request)
    flags = [held.candidates.get((candidate.request, candidate.name)) for candidate in candidates]
    return model.version in held.decisions and all(flags)


def unpublished_decisions(ctx: UseCaseContext, held: Held, now: datetime | None = None) -> list[Decision]:
    """The decisions whose report is not archived, and the newest of each version where MLflow is not told of it. One that
    has only just been made is its own run's to tell."""
    unreported = set(ctx.ledger.decisions.unreported(ctx.name))
    decisions = ctx.ledger.decisions.list(ctx.name)
    newest = {decision.version: decision.id for decision in decisions}
    lacking = {identity for version, identity in newest.items() if held.decisions.get(version) != identity}
    return [d for d in decisions if d.id in unreported | lacking and not young(ctx, d, now)]


def _tell_decisions(ctx: UseCaseContext, made: MadeUp, decisions: Sequence[Decision]) -> list[str]:
    names = []
    for decision in decisions:
        model = ctx.ledger.models.get(ctx.name, decision.version)
        names.append(f"decision {decision.id[:8]}")
        made.attempt(names[-1], lambda decision=decision, model=model: publish_decision(ctx, decision, model))  # type: ignore[misc]
    return names


def _tell_batches(ctx: UseCaseContext, held: Held, made: MadeUp) -> None:
    """Log the batches that MLflow lacks, or has an older state of. No event: a batch is told by maintenance only."""
    for name, _, told in untold_batches(ctx, held.batches):
        made.attempt(name, lambda name=name, told=told: ctx.tracking.log_batch(ctx.name, name, told))  # type: ignore[misc]
        if made.left:
            return
