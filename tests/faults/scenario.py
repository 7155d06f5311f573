"""One use case's life in steps: each is what one task, or one person's act, does, and may be done again after a crash.

Small data, the real ledger, lake, contract, estimators and tracking adapter. A step is a function of a site that names its
subject from the ledger alone, as a task that Airflow starts again does.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from faults.mlflow_files import TrackingOnFiles, write_small_model_folder
from gatehouse.adapters.contract import GreatExpectationsChecker
from gatehouse.adapters.lake import open_lake
from gatehouse.adapters.ledger import open_ledger
from gatehouse.adapters.mlflow import mlflow_tracking
from gatehouse.adapters.models import SkopsModels
from gatehouse.adapters.sources import open_source
from gatehouse.core.types import Batch, BatchId, RequestState
from gatehouse.errors import GatehouseError, NotAllowedError
from gatehouse.pipeline import choose, fit, gather, land, outcomes, promote, score
from gatehouse.pipeline.batch_data import provenance
from gatehouse.pipeline.judge import judge_challenger, re_decide
from gatehouse.pipeline.maintenance import mlflow_projection, reconcile
from gatehouse.pipeline.maintenance.publish_mlflow import publish_decision
from gatehouse.pipeline.manual import override
from gatehouse.pipeline.manual.quarantined import release
from gatehouse.pipeline.monitor import monitor_batch
from gatehouse.pipeline.validate import validate
from gatehouse.ports import ModelProbe
from gatehouse.use_case import load
from support.rides import TEMPLATE, AlteredSource, FakeContext

LATER = datetime(2100, 1, 1, tzinfo=UTC)
REASON = "the airport asked for it today"
STRICT = "  - {rule: metric_bound, description: Impossible., metric: log_loss, max: 0.01}\n"
POLICIES = {
    "review": {"no_champion: review": "no_champion: review", "min_rows: 1000": "min_rows: 500"},
    "strict": {
        "min_rows: 1000": "min_rows: 500",
        "rules:\n": f"override: {{expires_after: 0 hours}}\nrules:\n{STRICT}",
    },
    "short": {"min_rows: 1000": "min_rows: 900"},
    "mild": {
        "min_rows: 1000": "min_rows: 500",
        "margin: 0.01": "margin: 5",
        "rules:\n": "probation: {batches: 1}\nrules:\n",
    },
}


@dataclass(frozen=True)
class Step:
    """What is done, by its name, under which of the POLICIES; and what somebody did before, who dies of nothing."""

    name: str
    act: Callable[[Any], object]
    policy: str = "review"
    before: Callable[[Any], object] | None = None


class MeasuredModels(SkopsModels):
    """The real estimators; a challenger's seconds and bytes are given, for they differ from run to run."""

    def probe(self, data: bytes, sha256: str, features: Any, task: Any) -> ModelProbe:
        self.predict(self.load(data, sha256), features, task)
        return ModelProbe(len(data), 0.1, 1e6)


def make_use_cases(folder: Path) -> None:
    """The template's use case once for each policy: a risk owner who edits `gate.yaml` between two steps."""
    for policy, edits in POLICIES.items():
        made = folder / policy / "rides"
        shutil.copytree(TEMPLATE, made, ignore=shutil.ignore_patterns("__pycache__"))
        edit(made / "contract.yaml", {"use_case: template": "use_case: rides"})
        edit(made / "gate.yaml", {"use_case: template": "use_case: rides", **edits})
        edit(made / "source.py", {"ROWS = 2000": "ROWS = 600"})
        edit(made / "model.py", {"max_iter=50": "max_iter=5"})


def edit(file: Path, edits: dict[str, str]) -> None:
    """Replace the first place of each text; it must be there."""
    text = file.read_text(encoding="utf-8")
    for old, new in edits.items():
        assert old in text, f"{old!r} is not in {file.name}"
        text = text.replace(old, new, 1)
    file.write_text(text, encoding="utf-8")


def open_site(cases: Path, policy: str, url: str, world: Path) -> FakeContext:
    """A process's own site on one ledger and the files of one world."""
    ctx = FakeContext(load(cases / policy / "rides"))
    ctx.ledger, ctx.lake = open_ledger(url), open_lake(str(world / "lake"))
    ctx.tracking = TrackingOnFiles(world / "mlflow")
    ctx.source = AlteredSource(open_source(ctx.case.contract, ctx.case.folder))
    ctx.source.change["2024-02"] = lambda frame: frame.assign(id=frame["id"].where(frame.index > 9, "same"))
    ctx.source.change["2024-04"] = lambda frame: frame.drop(columns="amount")
    ctx.checker, ctx.models = GreatExpectationsChecker(), MeasuredModels()
    return ctx


@contextmanager
def small_model_folders() -> Iterator[None]:
    """MLflow's own writing of a model folder is left out, and the checkout stays one revision while others commit."""
    small = patch.object(mlflow_tracking, "write_model_folder", write_small_model_folder)
    with small, patch.object(provenance, "git_revision", lambda: "one"):
        yield


def newest(ctx: Any, key: str) -> Batch:
    """The newest revision of a batch."""
    return next(b for b in reversed(ctx.ledger.batches.list(ctx.name)) if b.id.key == key)


def request(ctx: Any) -> str:
    """The newest request."""
    return str(ctx.ledger.requests.list(ctx.name)[-1].id)


def decision(ctx: Any) -> Any:
    """The newest decision."""
    return ctx.ledger.decisions.list(ctx.name)[-1]


def _batch(key: str, policy: str = "review") -> list[Step]:
    """A batch's way from the source to its watch verdict."""
    return [
        Step(f"land {key}", lambda ctx: land.land(ctx, key), policy),
        Step(f"outcomes {key}", lambda ctx: outcomes.collect(ctx, key), policy),
        Step(f"validate {key}", lambda ctx: validate(ctx, newest(ctx, key).id), policy),
        Step(f"score {key}", lambda ctx: _accepted(ctx, key, score.score), policy),
        Step(f"watch {key}", lambda ctx: _accepted(ctx, key, monitor_batch.monitor_batch), policy),
    ]


def _accepted(ctx: Any, key: str, act: Callable[[Any, BatchId], object]) -> object:
    batch = newest(ctx, key)
    return act(ctx, batch.id) if batch.state == "accepted" else None


def _train(policy: str) -> list[Step]:
    """A request's way from its claim to a decision."""
    return [
        Step("claim", lambda ctx: gather.claim(ctx, request(ctx)), policy),
        Step("gather", lambda ctx: gather.build_training_set(ctx, ctx.ledger.requests.get(request(ctx))), policy),
        *(
            Step(f"fit {name}", lambda ctx, name=name: fit.fit(ctx, request(ctx), name), policy)
            for name in ("boosting", "logistic")
        ),  # type: ignore[misc]
        Step("choose", lambda ctx: choose.choose(ctx, request(ctx)), policy),
        Step("judge", lambda ctx: judge_challenger.judge(ctx, request(ctx)), policy),
        Step("promote", lambda ctx: promote.promote(ctx, decision(ctx).id), policy),
    ]


def _ask(policy: str, reason: str) -> Step:
    def ask(ctx: Any) -> None:
        as_of = [b for b in ctx.ledger.batches.list(ctx.name) if b.state == "accepted"][-1].interval.end
        if not any(each.reasons[0].sentence.endswith(reason) for each in ctx.ledger.requests.list(ctx.name)):
            ctx.ledger.requests.ask(ctx.name, as_of, "ann", reason)

    return Step("ask", ask, policy)


def _discard(ctx: Any) -> None:
    batch = newest(ctx, "2024-04")
    if batch.state != "discarded":
        ctx.ledger.batches.discard(batch.id, "admin", "the amount is missing")


def _release(ctx: Any) -> None:
    batch = newest(ctx, "2024-02")
    if batch.state != "accepted":
        release(ctx, batch.id, "admin", "the ids are known to repeat")


def _correct(ctx: Any) -> None:
    ctx.source.change["2024-04"] = lambda frame: frame.assign(amount=frame["amount"] + 1)
    land.land(ctx, "2024-04")


def _fail(ctx: Any) -> None:
    wanted = ctx.ledger.requests.get(request(ctx))
    if wanted.state is RequestState.CLAIMED:
        lease = ctx.ledger.attempts.enter(f"{ctx.name}/{wanted.id}/close")
        ctx.ledger.requests.close(lease, wanted.id, RequestState.FAILED, "nothing could be fitted")


def _write_over(ctx: Any) -> None:
    """Somebody writes over the champion's file."""
    champion = ctx.ledger.models.champion(ctx.name)
    (Path(ctx.lake._root) / champion.model.file.path).write_bytes(b"not a model")


def _take_alias(ctx: Any) -> None:
    """Somebody takes the alias away by hand."""
    ctx.tracking._client.delete_registered_model_alias(ctx.name, "champion")


def _late(ctx: Any) -> None:
    ended = override.end_expired(ctx, LATER)
    assert isinstance(ended, str)


def _again(ctx: Any) -> None:
    for each in re_decide.decisions_to_revisit(ctx):
        re_decide.decide_again(ctx, each)
    for lacking in mlflow_projection.unpublished_decisions(ctx, ctx.tracking.held(ctx.name), LATER):
        publish_decision(ctx, lacking, ctx.ledger.models.get(ctx.name, lacking.version))


def refused(act: Callable[[Any], object]) -> Callable[[Any], str]:
    """An act that the ledger must refuse: it ends with a named error and changes nothing."""

    def tried(ctx: Any) -> str:
        try:
            act(ctx)
        except (NotAllowedError, GatehouseError) as error:
            return str(error)
        raise AssertionError("it was not refused")

    return tried


STEPS: tuple[Step, ...] = (
    *_batch("2024-01"),
    *_batch("2024-02")[:3],
    Step("release 2024-02", _release),
    *_batch("2024-02")[3:],
    *_batch("2024-03"),
    *_train("review")[:-1],
    Step(
        "answer",
        lambda ctx: promote.record_review_response(ctx, decision(ctx).id, True, "admin", "the figures are as expected"),
    ),
    *_batch("2024-04")[:3],
    Step("discard 2024-04", _discard),
    Step("correct 2024-04", _correct),
    *_batch("2024-04")[1:],
    Step("repeat 2024-01", lambda ctx: land.land(ctx, "2024-01")),
    _ask("strict", "a rule that nothing can keep"),
    *_train("strict"),
    Step("override", lambda ctx: override.override(ctx, decision(ctx).id, "admin", REASON), "strict"),
    Step("expire", _late, "strict"),
    Step("alias moved", reconcile.reconcile, before=_take_alias),
    Step("model replaced", reconcile.restore_replaced_models, before=_write_over),
    *_batch("2024-05", "mild"),
    _ask("short", "a rule that wants more rows"),
    *_train("short"),
    *_batch("2024-06", "mild"),
    Step("judge again", _again, "mild"),
    Step("promote again", lambda ctx: promote.promote(ctx, decision(ctx).id), "mild"),
    *_batch("2024-07", "mild"),
    *_batch("2024-08", "mild"),
    Step("roll back", lambda ctx: promote.rollback(ctx, None, "reviewer", "the delays look wrong"), "mild"),
    _ask("review", "a training that fails"),
    *_train("review")[:2],
    Step("fail", _fail),
)
