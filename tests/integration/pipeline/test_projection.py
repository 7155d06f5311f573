"""MLflow away, refusing or emptied while the pipeline runs: everything goes on, and MLflow gets it all afterwards."""

from __future__ import annotations

import pytest

from gatehouse.adapters.mlflow import MlflowTracking
from gatehouse.errors import ServiceUnavailableError, TrackingError
from gatehouse.pipeline.maintenance import mlflow_projection, reconcile, track_mlflow
from integration.adapters.mlflow.mlflow_server import uri  # noqa: F401 - a fixture
from support.deletions import DELETIONS, Person
from support.rides import ctx, folder, looped, open_site, take  # noqa: F401 - four of them are fixtures

MONTHS = ["2024-01", "2024-02", "2024-03"]
OPERATIONS = ("log_candidate", "register", "flag", "decided", "mirror")


@pytest.fixture(autouse=True)
def long_after(monkeypatch):
    """Maintenance comes when the runs that told MLflow themselves are long over."""
    monkeypatch.setattr(mlflow_projection, "FORGOTTEN_SECONDS", -1.0)
    monkeypatch.setattr(mlflow_projection, "young", lambda *_: False)


def events(ctx):
    return [entry.kind for entry in ctx.ledger.audit_log.entries() if entry.kind.startswith(("tracking.", "alias."))]


def failing(error):
    def operation(*_args, **_kwargs):
        raise error

    return operation


REFUSED, AWAY = TrackingError("refused"), ServiceUnavailableError("connection refused")


@pytest.mark.parametrize(
    ("operations", "error"),
    [*(((name,), REFUSED) for name in OPERATIONS), (OPERATIONS, REFUSED), (OPERATIONS, AWAY)],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else type(value).__name__,
)
def test_a_training_ends_with_its_decision_whatever_mlflow_refuses(ctx, monkeypatch, operations, error):
    """Fit, choose, judge and promote go through with the decision and the champion; once MLflow takes things again, one
    sweep of maintenance tells all of it with plots and provenance, and the next one finds nothing to tell."""
    with monkeypatch.context() as broken:
        for name in operations:
            broken.setattr(ctx.tracking, name, failing(error))
        for key in MONTHS:
            take(ctx, key)
        assert ctx.ledger.models.champion("rides").model.version == 1
        assert mlflow_projection.make_up(ctx).refused
        assert events(ctx) == ["tracking.behind"]
    assert mlflow_projection.make_up(ctx).refused == []
    assert mlflow_projection.make_up(ctx).done == []
    assert events(ctx) == ["tracking.behind", "tracking.caught_up"]
    (decision,) = ctx.ledger.decisions.list("rides")
    assert ctx.tracking.held("rides").decisions == {1: decision.id}
    assert ctx.tracking.aliases["rides", "champion"] == 1
    (request,) = ctx.ledger.requests.list("rides")
    for candidate in ctx.ledger.requests.candidates(request.id):
        fit = ctx.tracking.fits[f"rides-{request.id}-{candidate.name}"]
        assert set(fit.metrics) == set(candidate.metrics)
        assert fit.plots
        assert fit.tags["gatehouse.git"]
        assert fit.columns


def test_mlflow_away_for_good_is_asked_for_a_few_things_only(looped, monkeypatch):
    """A sweep does not wait for each of a hundred things: after three without an answer it leaves the rest."""
    monkeypatch.setattr(looped.tracking, "log_batch", failing(ServiceUnavailableError("time-out")))
    assert len(mlflow_projection.make_up(looped).refused) == mlflow_projection.AWAY


def test_one_thing_that_mlflow_never_takes_keeps_nothing_else_back(looped, monkeypatch):
    """A batch that MLflow refuses is named with why; the three others are told."""
    log_batch = looped.tracking.log_batch

    def refusing(use_case, name, told):
        if name == "2024-01.r1":
            raise TrackingError("MLflow refused: too long")
        log_batch(use_case, name, told)

    monkeypatch.setattr(looped.tracking, "log_batch", refusing)
    made = mlflow_projection.make_up(looped)
    assert made.done == ["2024-02.r1", "2024-03.r1", "2024-04.r1"]
    assert made.refused == ["MLflow lacks 2024-01.r1: TrackingError: MLflow refused: too long"]


@pytest.fixture
def mirrored(looped, uri):
    """The four months as a real MLflow server has them. It knew nothing of them: all of it is told from the ledger."""
    looped.tracking = MlflowTracking(uri, lambda sentence: track_mlflow.restored(looped, sentence))
    while mlflow_projection.make_up(looped).done:
        pass
    return looped


SILENT = {
    "experiment of batches deleted for good",
    "run of a batch deleted for good",
}  # told again as if for the first time
UNEXPLAINED = {"alias removed", "alias moved"}


@pytest.mark.parametrize("deletion", DELETIONS)
def test_maintenance_mends_each_deletion_and_says_so_once(mirrored, uri, deletion):
    """From ledger and lake MLflow holds again what it held; the audit log names what happened, and the next sweep neither
    tells nor logs anything. Only an alias that somebody moved or removed is an unexplained promotion."""
    before, known = mirrored.tracking.held("rides", {1}), len(events(mirrored))
    DELETIONS[deletion](Person(uri, "rides"))
    sentence = reconcile.reconcile(mirrored)
    assert bool(sentence) == (deletion in UNEXPLAINED or deletion == "version's tags deleted")
    assert mlflow_projection.make_up(mirrored).refused == []
    assert mirrored.tracking.held("rides", {1}) == before
    assert mirrored.tracking.champion_alias("rides") == 1
    assert reconcile.reconcile(mirrored) == ""
    first = events(mirrored)[known:]
    assert bool(first) == (deletion not in SILENT)
    assert mlflow_projection.make_up(mirrored).done == []
    assert events(mirrored)[known:] == first
    champion = mirrored.ledger.models.champion("rides").model
    assert mirrored.tracking.model_bytes("rides", 1) == mirrored.lake.read(champion.file)
