"""The commands behind the forms: the same records, on a real ledger."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from gatehouse.cli import actions, manual, report, show
from gatehouse.errors import InvalidInputError, SourceError
from gatehouse.ports import PassedOver
from support.rides import ctx, folder, open_site, take, train  # noqa: F401 - three of them are fixtures

SIGNED = ["--actor", "ann", "--reason", "the airport asked for it today"]


@pytest.fixture
def run(ctx, monkeypatch):
    """Runs a command on the use case; returns what it printed, or raises what it raised."""
    monkeypatch.setenv("GATEHOUSE_CLI_IDENTITY", "machine")
    for module in (actions, manual, show, report):
        monkeypatch.setattr(module, "open_context", lambda _: ctx)
    for module in (manual, report):
        monkeypatch.setattr(module, "resolve_decision", lambda _: (ctx, ctx.ledger.decisions.list("rides")[-1].id))

    def called(command, *arguments):
        done = CliRunner().invoke(command, list(arguments))
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.output

    return called


def test_a_range_a_training_and_a_report_from_the_command_line(run, ctx, tmp_path):
    """A ticked backfill asks for one training; a retraining takes a window and candidates; reports are handed out byte for
    byte as they were archived; a rollback without another champion is refused by name."""
    told = run(manual.backfill, "rides", "--from", "2024-01", "--to", "2024-03", "--promote", *SIGNED)
    assert [line[:7] for line in told.splitlines()[:3]] == ["2024-01", "2024-02", "2024-03"]
    request = ctx.ledger.requests.pending("rides")
    assert f"one training is asked for, request {request.id[:8]}" in told
    run(actions.retrain, "rides", "--window", "expanding", "--estimator", "logistic", *SIGNED)
    assert ctx.ledger.requests.get(request.id).reasons[-1].numbers["estimators"] == ["logistic"]
    train(ctx, request.id)
    (decision,) = ctx.ledger.decisions.list("rides")
    for command, subject, file in (
        (report.decision_report, [decision.id[:8]], ctx.ledger.decisions.report(decision.id)),
        (report.batch_report, ["rides", "2024-02"], ctx.ledger.batches.list("rides")[1].report),
        (report.batch_report, ["rides", "2024-02.r1"], ctx.ledger.batches.list("rides")[1].report),
    ):
        out = tmp_path / "report.html"
        assert file.sha256 in run(command, *subject, "--output", str(out))
        assert out.read_bytes() == ctx.lake.read(file)
        assert run(command, *subject).encode().rstrip() == ctx.lake.read(file).rstrip()


def test_what_a_command_cannot_do_is_named_and_what_it_found_is_told(run, ctx):
    """A wrong range is one named error, a batch that is checked again says what it is."""
    with pytest.raises(InvalidInputError, match="nothing waits to be taken"):
        run(manual.backfill, "rides", "--from", "2030-01", "--to", "2030-02", *SIGNED)
    take(ctx, "2024-01")
    assert "keeps the contract as before: rows 2,000 rows" in run(manual.revalidate, "rides", "2024-01", *SIGNED)


def test_batches_lists_what_the_source_has_and_is_not_taken(run, ctx, monkeypatch):
    """After the batches, each with its reason; `--pending` has them alone, with what waits or lies
    outside of the contract's batches, also as JSON; a source that cannot be listed does
    not hide the batches."""
    take(ctx, "2024-01")
    ctx.settings = type("Settings", (), {"lake": "lake"})
    monkeypatch.setattr(ctx.source, "passed_over", lambda: [PassedOver("rows_2024-02.csv", "its marker is not there")])
    told = run(show.batches, "rides")
    assert told.index("2024-01") < told.index("rows_2024-02.csv  its marker is not there")
    first, *others = json.loads(run(show.batches, "rides", "--pending", "--json"))
    assert first == {"name": "rows_2024-02.csv", "reason": "its marker is not there"}
    assert others[0] == {"name": "2024-02", "reason": "it is complete and waits for the next ingest"}
    assert "2024-01" not in [each["name"] for each in others]
    monkeypatch.setattr(ctx.source, "available", lambda: ["2023-11", "2023-12", "2024-01"])
    assert "2023-11 to 2023-12  before first_batch 2024-01" in run(show.batches, "rides", "--pending")
    assert [each["id"]["key"] for each in json.loads(run(show.batches, "rides", "--json"))] == ["2024-01"]

    def away():
        raise SourceError("the drop folder does not exist")

    monkeypatch.setattr(ctx.source, "passed_over", away)
    told = run(show.batches, "rides")
    assert "2024-01" in told
    assert "The source cannot be listed. the drop folder does not exist" in told
