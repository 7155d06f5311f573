"""A broken pipeline is quarantined before any model sees it, and told to the data engineer."""

from __future__ import annotations

from gatehouse.core.types import BatchState
from gatehouse.pipeline import land
from gatehouse.pipeline.manual.quarantined import release
from gatehouse.pipeline.validate import validate
from support.rides import ctx, folder, open_site  # noqa: F401 - fixtures


def _taken(ctx, key):
    return validate(ctx, land.land(ctx, key).id)


def test_a_unit_change_is_quarantined_until_a_person_says_it_is_right(ctx):
    """Kilometres instead of miles wait in quarantine with the reason; released, they are the next batches' normal."""
    assert _taken(ctx, "2024-01").state is BatchState.ACCEPTED
    for key in ("2024-02", "2024-03"):
        ctx.source.change[key] = lambda frame: frame.assign(amount=frame["amount"] * 1000)
    broken = _taken(ctx, "2024-02")
    assert broken.state is BatchState.QUARANTINED
    assert "data fault: table 'rows': column 'amount' looks like 1000 times what it held" in broken.reason
    assert release(ctx, broken.id, "admin", "cents from now on").profile is not None
    assert _taken(ctx, "2024-03").state is BatchState.ACCEPTED


def test_every_accepted_batch_has_its_profile_in_the_lake_and_quiet_ones_are_not_touched(ctx):
    """Three quiet months are accepted, each with a profile on the first one's grid."""
    batches = [_taken(ctx, key) for key in ("2024-01", "2024-02", "2024-03")]
    assert {batch.state for batch in batches} == {BatchState.ACCEPTED}
    assert len({batch.profile.sha256 for batch in batches}) == 3
    assert all(ctx.lake.read(batch.profile) for batch in batches)


def test_a_fault_goes_on_until_a_person_ends_it(ctx):
    """The feed still delivers another unit, and the world moved on below it, so no known factor fits any more: the batch
    waits as the one before does. Once that one is discarded, each is judged by itself again."""
    for key, factor in (("2024-02", 1000), ("2024-03", 1150)):
        ctx.source.change[key] = lambda frame, by=factor: frame.assign(amount=frame["amount"] * by)
    assert _taken(ctx, "2024-01").state is BatchState.ACCEPTED
    broken = _taken(ctx, "2024-02")
    assert "another unit" in broken.reason
    moved = _taken(ctx, "2024-03")
    assert moved.state is BatchState.QUARANTINED
    assert moved.reason == (
        "data fault: table 'rows': column 'amount' is off as in the batch before, which waits in quarantine"
    )
    ctx.ledger.batches.discard(broken.id, "admin", "wrong unit")
    ctx.ledger.batches.discard(moved.id, "admin", "wrong unit")
    ctx.source.change["2024-04"] = ctx.source.change["2024-03"]
    assert _taken(ctx, "2024-04").state is BatchState.ACCEPTED
