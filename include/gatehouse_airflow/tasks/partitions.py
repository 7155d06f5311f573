"""The bodies of the mapped tasks that take partitions of a divided batch. A piece of work names its batch and a file of the
lake that says what is to be done; what comes back names the file of what was found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from gatehouse.core.types import BatchState
from gatehouse.errors import ModelError, SchemaMismatchError
from gatehouse_airflow.tasks import context

if TYPE_CHECKING:
    from gatehouse.bootstrap import InstalledContext
    from gatehouse.core.types import Batch

Piece = dict[str, Any]  # {"batch": "2013-03.r1", "what": "flights 0-65536", "file": ...}


def check_pieces(folder: str, refs: Iterable[str]) -> list[Piece]:
    """What is to be checked of the divided ones among these batches; nothing of the others."""
    from gatehouse.pipeline.partitions import partition_check

    ctx = context.use_case_context(folder)
    divided = [(ref, batch) for ref in refs if (batch := _divided(ctx, ref, BatchState.LANDED))]
    return [_piece(ctx, ref, work) for ref, batch in divided for work in partition_check.partition_tasks(ctx, batch)]


def check(folder: str, piece: Piece) -> Piece:
    """Check one partition, or one expectation over whole columns."""
    from gatehouse.pipeline.partitions import handoff, partition_check

    ctx, batch = _taken_up(folder, piece, "parts")
    work = handoff.read_handoff(ctx, piece["file"])
    return (
        piece
        if handoff.is_stale(ctx, work)
        else _piece(ctx, piece["batch"], partition_check.check_partition(ctx, batch, work))
    )


def profile_pieces(folder: str, checked: Iterable[Piece]) -> list[Piece]:
    """What is to be profiled of the batches whose checks these are: only of those that keep their contract."""
    from gatehouse.pipeline.partitions import partition_check, partition_profile

    ctx, pieces, checked = context.use_case_context(folder), [], list(checked)
    for ref in dict.fromkeys(piece["batch"] for piece in checked):
        batch = ctx.ledger.batches.get(context.parse(ctx.name, ref))
        findings = collect_results(ctx, ref, checked)
        try:
            validation = partition_check.combine_checks(ctx, batch, findings).validation if findings else None
        except SchemaMismatchError:
            continue
        if validation is not None and validation.accepted:
            pieces += [_piece(ctx, ref, work) for work in partition_profile.works(ctx, batch, validation)]
    return pieces


def profile(folder: str, piece: Piece) -> Piece:
    """Profile the accepted rows of one partition."""
    from gatehouse.pipeline.batch_data.batch_profiles import earlier_profiles
    from gatehouse.pipeline.partitions import handoff, partition_profile

    ctx, batch = _taken_up(folder, piece, "parts")
    work, known = (
        handoff.read_handoff(ctx, piece["file"]),
        partition_profile.reference_grids(earlier_profiles(ctx, batch)),
    )
    if handoff.is_stale(ctx, work):
        return piece
    return _piece(ctx, piece["batch"], partition_profile.profile_partition(ctx, batch, work, known))


def score_pieces(folder: str, ref: str) -> list[Piece]:
    """What the champion is to score of a divided batch; nothing of any other, and nothing without a champion."""
    from gatehouse.pipeline.partitions import partition_score

    ctx = context.use_case_context(folder, batch=ref)
    batch, champion = _divided(ctx, ref, BatchState.ACCEPTED), ctx.ledger.models.champion(ctx.name)
    if batch is None or champion is None:
        return []
    return [_piece(ctx, ref, work) for work in partition_score.works(ctx, batch, champion)]


def score(folder: str, piece: Piece) -> Piece:
    """Score one partition by the champion of this moment: if it is another than when the work was cut, the task that puts
    the partitions together sees it, and scores them itself. It does so too where the model raises: a batch has one error, not
    one a partition."""
    from gatehouse.pipeline.partitions import handoff, partition_score

    ctx, batch = _taken_up(folder, piece, "score/pieces")
    champion, work = ctx.ledger.models.champion(ctx.name), handoff.read_handoff(ctx, piece["file"])
    if champion is None or champion.generation != work["generation"] or handoff.is_stale(ctx, work):
        return piece
    try:
        return _piece(ctx, piece["batch"], partition_score.score_partition(ctx, batch, champion, work))
    except ModelError:
        return piece


def collect_results(ctx: InstalledContext, ref: str, pieces: Iterable[Piece] | None) -> list[dict[str, Any]]:
    """What was found about a batch, out of what all mapped tasks of the run have found; nothing if the contract or the model
    code was changed since."""
    from gatehouse.pipeline.partitions import handoff

    found = [handoff.read_handoff(ctx, piece["file"]) for piece in pieces or () if piece["batch"] == ref]
    return [] if any(handoff.is_stale(ctx, document) for document in found) else found


def _divided(ctx: InstalledContext, ref: str, state: BatchState) -> Batch | None:
    from gatehouse.pipeline.partitions.partition_reader import is_partitioned

    batch = ctx.ledger.batches.get(context.parse(ctx.name, ref))
    return batch if batch.state is state and not batch.unreadable and is_partitioned(ctx, batch) else None


def _taken_up(folder: str, piece: Piece, work: str) -> tuple[InstalledContext, Batch]:
    """The site and the batch of a piece; that somebody works on it is on record, so maintenance does not take it up."""
    ctx = context.use_case_context(folder, batch=piece["batch"])
    batch = ctx.ledger.batches.get(context.parse(ctx.name, piece["batch"]))
    ctx.ledger.attempts.enter(f"{batch.id}/{work}")
    return ctx, batch


def _piece(ctx: InstalledContext, ref: str, document: Mapping[str, Any]) -> Piece:
    from gatehouse.pipeline.partitions import handoff

    what = f"expectation {document['whole']}" if "whole" in document else "rows {}-{}".format(*document["rows"])
    return {
        "batch": ref,
        "what": f"{document.get('table', '')} {what}".strip(),
        "file": handoff.write_handoff(ctx, document),
    }
