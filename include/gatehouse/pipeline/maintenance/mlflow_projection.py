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
from gatehouse.pipeline.fit import parameters
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
        """Give one thing to MLflow. What fails stops nothing else; a damaged file is left to `gatehouse verify`."""
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


def make_up(site: UseCaseContext, now: datetime | None = None, attended: Collection[str] = ()) -> MadeUp:
    """Compare MLflow with the ledger and tell what it lacks, the oldest first. `attended` are the requests that a run is
    training for: it tells MLflow itself, and two at once would register a version twice."""
    served = {version for version in served_versions(site) if version is not None}
    held, made, was_behind = site.tracking.held(site.name, served), MadeUp(), is_behind(site)
    lost = [
        *_tell_candidates(site, held, made),
        *_tell_choices(site, held, made, attended),
        *_tell_decisions(site, made, unpublished_decisions(site, held, now)),
    ]
    if lost:
        behind(
            site, f"MLflow lacks {len(lost)} things that the ledger has, the first is {lost[0]}; they are told again"
        )
    if lost or was_behind or _pointed(held) != served_versions(site):
        made.attempt("the aliases", lambda: point_aliases(site))
    _tell_batches(site, held, made)
    if not made.refused and not made.left:
        caught_up(site)
    return made


def _pointed(held: Held) -> tuple[int | None, int | None]:
    return held.aliases.get("champion"), held.aliases.get("challenger")


def _tell_candidates(site: UseCaseContext, held: Held, made: MadeUp) -> list[str]:
    """Log the candidates that have no finished run; returns their names."""
    names = []
    for candidate in _candidates(site):
        if (candidate.request, candidate.name) not in held.candidates:
            names.append(f"candidate {candidate.name} of request {candidate.request[:8]}")
            made.attempt(names[-1], lambda candidate=candidate: _log(site, candidate))  # type: ignore[misc]
    return names


def _candidates(site: UseCaseContext) -> Iterator[Candidate]:
    for request in site.ledger.requests.list(site.name):
        yield from site.ledger.requests.candidates(request.id)


def _log(site: UseCaseContext, candidate: Candidate) -> str:
    training_set = site.ledger.requests.training_set(candidate.request)
    fit = kept(site, candidate) or _known(site, candidate, training_set)
    return site.tracking.log_candidate(run_of(site, candidate), fit, training_set)


def _known(site: UseCaseContext, candidate: Candidate, training_set: TrainingSet) -> TrainingRun:
    """What ledger and lake know of a candidate whose run MLflow has lost: everything but its plots and its machine."""
    tags = {
        RESTORED: "MLflow had lost this run; it is logged again from the ledger, without its plots",
        "gatehouse.use_case": site.name,
        "gatehouse.training_set": training_set.sha256,
        "gatehouse.training_batches": " ".join(batch.key for batch in training_set.training_batches),
        "gatehouse.holdout_batches": " ".join(batch.key for batch in training_set.holdout_batches),
    }
    if candidate.file is None:
        return TrainingRun({}, {}, {}, tags | {"gatehouse.flag": "failed", "gatehouse.reason": candidate.reason})
    estimator = site.models.load(site.lake.read(candidate.file), candidate.file.sha256)
    return TrainingRun(parameters(estimator), candidate.metrics, {}, tags)


def _tell_choices(site: UseCaseContext, held: Held, made: MadeUp, attended: Collection[str]) -> list[str]:
    """Register the versions that MLflow lacks and flag their candidates; returns their names. A command that has only just
    chosen tells MLflow itself."""
    names = []
    for model in site.ledger.models.list(site.name):
        idle = site.ledger.attempts.idle(f"{site.name}/{model.request}/choose")
        busy = model.request in attended or (idle is not None and idle <= FORGOTTEN_SECONDS)
        if not busy and not _has_choice(site, held, model):
            names.append(f"version {model.version}")
            made.attempt(names[-1], lambda model=model: tell_choice(site, model))  # type: ignore[misc]
    return names


def _has_choice(site: UseCaseContext, held: Held, model: ModelVersion) -> bool:
    candidates = site.ledger.requests.candidates(model.request)
    flags = [held.candidates.get((candidate.request, candidate.name)) for candidate in candidates]
    return model.version in held.decisions and all(flags)


def unpublished_decisions(site: UseCaseContext, held: Held, now: datetime | None = None) -> list[Decision]:
    """The decisions whose report is not archived, and the newest of each version where MLflow is not told of it. One that
    has only just been made is its own run's to tell."""
    unreported = set(site.ledger.decisions.unreported(site.name))
    decisions = site.ledger.decisions.list(site.name)
    newest = {decision.version: decision.id for decision in decisions}
    lacking = {identity for version, identity in newest.items() if held.decisions.get(version) != identity}
    return [d for d in decisions if d.id in unreported | lacking and not young(site, d, now)]


def _tell_decisions(site: UseCaseContext, made: MadeUp, decisions: Sequence[Decision]) -> list[str]:
    names = []
    for decision in decisions:
        model = site.ledger.models.get(site.name, decision.version)
        names.append(f"decision {decision.id[:8]}")
        made.attempt(names[-1], lambda decision=decision, model=model: publish_decision(site, decision, model))  # type: ignore[misc]
    return names


def _tell_batches(site: UseCaseContext, held: Held, made: MadeUp) -> None:
    """Log the batches that MLflow lacks, or has an older state of. No event: a batch is told by maintenance only."""
    for name, _, told in untold_batches(site, held.batches):
        made.attempt(name, lambda name=name, told=told: site.tracking.log_batch(site.name, name, told))  # type: ignore[misc]
        if made.left:
            return
