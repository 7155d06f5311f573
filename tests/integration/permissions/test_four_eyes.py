"""Nobody promotes a model that they alone asked for, unless the policy allows it: by the pipeline and by the database."""

from __future__ import annotations

import pytest

from gatehouse.core.audit.canonical_json import canonical
from gatehouse.core.permissions import sole_requester
from gatehouse.core.types import Reason, Request, RequestState, Verdict
from gatehouse.errors import NotAllowedError
from gatehouse.pipeline import promote
from gatehouse.pipeline.maintenance.record_policy import record_policy
from gatehouse.pipeline.manual import override
from support import story as story_module
from support.rides import ctx, folder, looped, open_site, take, train  # noqa: F401 - four of them are fixtures
from support.story import DRIFT, Story

REASON = "the airport asked for it today"


def asked(ctx, *people):
    """A decision on a training that these people asked for."""
    newest = ctx.ledger.batches.list("rides")[-1].interval.end
    for name in people:
        request = ctx.ledger.requests.ask("rides", newest, name, f"to see whether a new one is better, says {name}")
    train(ctx, request.id)
    return ctx.ledger.decisions.list("rides")[-1]


def reviewing(folder, open_site, ctx, **more):
    """The use case with a rule that always sends a challenger to a review."""
    gate = folder / "gate.yaml"
    rule = "\n  - rule: metric_bound\n    description: Impossible.\n    metric: log_loss\n    max: 0.01\n    on_fail: review"
    text = gate.read_text().replace("margin: 0.01", f"margin: 0.01{rule}")
    gate.write_text(text + "".join(f"\n{key}: {value}\n" for key, value in more.items()))
    after = open_site()
    after.lake, after.source, after.tracking = ctx.lake, ctx.source, ctx.tracking
    return after


def test_who_alone_asked_for_a_training_promotes_nothing_of_it(looped, folder, open_site):
    """The one who asked may reject, and neither approve nor override; another approver may approve."""
    ctx = reviewing(folder, open_site, looped)
    decision = asked(ctx, "admin")
    assert decision.verdict is Verdict.REVIEW
    with pytest.raises(NotAllowedError, match=r"admin alone asked .* Ask another approver \(reviewer\)"):
        promote.record_review_response(ctx, decision.id, True, "admin", REASON)
    with pytest.raises(NotAllowedError, match="admin alone asked"):
        override.override(ctx, decision.id, "admin", REASON)
    with pytest.raises(NotAllowedError, match="the ledger refuses: admin alone asked"):
        ctx.ledger.decisions.answer(decision.id, True, "admin", REASON)
    with pytest.raises(NotAllowedError, match="the ledger refuses: admin alone asked"):
        ctx.ledger.overrides.propose(override._proposal(ctx, decision, "admin", REASON))
    assert promote.record_review_response(ctx, decision.id, True, "reviewer", REASON).model.version == decision.version


def test_a_second_person_or_the_policy_allows_it(looped, folder, open_site):
    """What two people asked for, either may approve; with `four_eyes: false` one person is enough."""
    ctx = reviewing(folder, open_site, looped)
    decision = asked(ctx, "admin", "reviewer")
    assert promote.record_review_response(ctx, decision.id, True, "admin", REASON).model.version == decision.version
    gate = folder / "gate.yaml"
    gate.write_text(gate.read_text() + "\nfour_eyes: false\n")
    alone = reviewing(folder, open_site, ctx)
    decision = asked(alone, "admin")
    assert promote.record_review_response(alone, decision.id, True, "admin", REASON).model.version == decision.version


def test_a_changed_policy_counts_in_the_database_from_maintenance_on(looped, folder, open_site):
    """Whom gate.yaml no longer names is refused by the pipeline at once, and by the database once it is recorded; the
    record is made once."""
    take(looped, "2024-05")
    gate = folder / "gate.yaml"
    gate.write_text(gate.read_text().replace("approvers: [reviewer, admin]", "approvers: [reviewer]"))
    ctx = open_site()
    assert ctx.case.gate.review.approvers == ("reviewer",)
    for _ in range(2):
        record_policy(ctx)
    entries = [entry for entry in ctx.ledger.audit_log.entries() if entry.kind == "policy.changed"]
    assert len(entries) == 1
    with pytest.raises(NotAllowedError, match="admin may not accept a level of rides"):
        ctx.ledger.audit_log.note("level.accepted", "rides", "admin", {"reason": REASON})
    ctx.ledger.audit_log.note("level.accepted", "rides", "reviewer", {"reason": REASON})


def test_the_database_asks_for_the_second_person_that_the_policy_wants(ledger, monkeypatch):
    """An override that leaves the second person out is refused where the policy on record wants one."""
    policy = {"review": {"approvers": ["Ada"]}, "override": {"require_second_approver": True}, "rules": []}
    monkeypatch.setattr(story_module, "POLICY", canonical(policy))
    story = Story(ledger)
    decision = story.decide(story.challenger(story.accept("2013-01"), story.accept("2013-02")), Verdict.BLOCK)
    with pytest.raises(NotAllowedError, match="needs a second person, by the policy on record"):
        story.override(decision)
    assert story.override(decision, second_person=True).second_person


@pytest.mark.parametrize(
    ("kinds", "alone"),
    [(("ann",), "ann"), (("ann", "ann"), "ann"), (("ann", "bob"), ""), (("ann", None), ""), ((None,), ""), ((), "")],
)
def test_only_a_person_by_themselves_is_alone(kinds, alone):
    """A batch's reason, or a second person's, makes a training that nobody alone asked for."""
    reasons = tuple(DRIFT if name is None else Reason("person", "a reason", {"actor": name}) for name in kinds)
    request = Request("r", "rides", RequestState.CLAIMED, story_module.NEVER, "ann", reasons, "")
    assert sole_requester(request) == alone
