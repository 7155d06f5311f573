"""Models, decisions and the champion on a real PostgreSQL: who may become the champion, and who may not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gatehouse.core.types import Decision, ModelVersion, Probation, PromotionKind, Verdict
from gatehouse.errors import NotAllowedError, RecordNotFoundError, StaleChampionError
from gatehouse.ports import Ledger
from support.story import POLICY, Story

OVERRIDE, ROLLBACK, APPROVAL = PromotionKind.OVERRIDE, PromotionKind.ROLLBACK, PromotionKind.APPROVAL


@pytest.fixture
def story(ledger: Ledger) -> Story:
    """A use case in which nothing has happened yet."""
    return Story(ledger)


@pytest.fixture
def models(story: Story) -> list[ModelVersion]:
    """Three registered versions, the requests behind them closed."""
    first, second = story.accept("2013-01"), story.accept("2013-02")
    versions = []
    for key in ("2013-03", "2013-04", "2013-05"):
        versions.append(story.challenger(first, second, story.accept(key).id))
        story.close(story.ledger.requests.get(versions[-1].request))
    return versions


def _kinds(story: Story) -> list[str]:
    return [entry.kind for entry in story.ledger.audit_log.entries()]


def test_the_ledger_numbers_the_versions(story: Story, models: list[ModelVersion]) -> None:
    """Versions count from 1; a request has one version, which registering again returns."""
    assert [model.version for model in models] == [1, 2, 3]
    assert story.ledger.models.list("flights") == models
    assert story.ledger.models.get("flights", 2) == models[1]
    again = story.ledger.models.register(story.enter("choose"), replace(models[1], version=0))
    assert again == models[1]
    with pytest.raises(NotAllowedError, match="gives version 2"):
        story.ledger.models.register(story.enter("choose"), replace(models[1], version=7))
    with pytest.raises(NotAllowedError, match="file"):
        story.ledger.models.register(story.enter("choose"), replace(models[1], version=0, file=story.report()))
    with pytest.raises(RecordNotFoundError, match="version 9 of flights"):
        story.ledger.models.get("flights", 9)


def test_a_decision_comes_back_as_it_was_made(story: Story, models: list[ModelVersion]) -> None:
    """Decision, evidence file and policy text are archived whole; the same again is a no-op, another is NotAllowedError."""
    decision = story.decide(models[0])
    assert story.decide(models[0]) == story.ledger.decisions.get(decision.id) == decision
    assert story.ledger.decisions.of_request(models[0].request) == decision
    evidence, policy = story.ledger.decisions.archive(decision.id)
    assert (bool(story.lake.read(evidence)), policy) == (True, POLICY)
    assert story.ledger.decisions.list("flights") == [decision]
    assert _kinds(story).count("decision.made") == 1
    blocked = replace(decision, verdict=Verdict.BLOCK)
    with pytest.raises(NotAllowedError, match="BLOCK"):
        story.ledger.decisions.record(story.enter("gate"), blocked, evidence, POLICY)
    with pytest.raises(NotAllowedError, match="names the policy"):
        story.ledger.decisions.record(story.enter("gate"), decision, evidence, "{}")


def test_a_promote_decision_makes_a_champion_once(story: Story, models: list[ModelVersion]) -> None:
    """The promotion raises the generation by one; the same promotion again, also much later, changes nothing."""
    decision = story.decide(models[0])
    champion = story.promote(decision)
    assert (champion.generation, champion.model) == (1, models[0])
    entries = _kinds(story)
    assert story.promote(decision) == champion == story.ledger.models.champion("flights")
    assert _kinds(story) == entries
    second = story.promote(story.decide(models[1], generation=1))
    assert story.promote(decision) == champion
    assert story.ledger.models.champion("flights") == second
    assert [(p.generation, p.version) for p in story.ledger.models.promotions("flights")] == [(1, 1), (2, 2)]


@pytest.mark.parametrize("verdict", [Verdict.HOLD, Verdict.REVIEW, Verdict.BLOCK])
def test_no_other_verdict_promotes(story: Story, models: list[ModelVersion], verdict: Verdict) -> None:
    """HOLD, BLOCK and an unanswered REVIEW promote nobody, and leave no trace of the attempt."""
    decision = story.decide(models[0], verdict)
    for kind in (PromotionKind.DECISION, APPROVAL):
        with pytest.raises(NotAllowedError, match="nothing allows this"):
            story.promote(decision, kind)
    assert story.ledger.models.champion("flights") is None
    assert "champion.changed" not in _kinds(story)


def test_a_decision_promotes_only_its_own_version_at_its_own_generation(
    story: Story, models: list[ModelVersion]
) -> None:
    """A PROMOTE on version 1 is none on version 2; one made at generation 0 is stale at generation 1."""
    decision = story.decide(models[0])
    with pytest.raises(NotAllowedError, match="nothing allows this"):
        story.promote(replace(decision, version=2))
    rival = story.decide(models[1])
    story.promote(decision)
    with pytest.raises(StaleChampionError, match="expects generation 0; the champion is version 1 of generation 1"):
        story.promote(rival)
    with pytest.raises(NotAllowedError, match="nothing allows this"):
        story.promote(replace(rival, generation=1))


def test_an_approved_review_promotes(story: Story, models: list[ModelVersion]) -> None:
    """A person's yes makes the version champion under that person's name."""
    decision = story.decide(models[0], Verdict.REVIEW)
    for _ in range(2):
        story.ledger.decisions.answer(decision.id, True, "Ada", "the slice is small")
    assert story.promote(decision, APPROVAL, "Ada").generation == 1
    assert story.ledger.decisions.answers(decision.id) == [(True, "Ada", "the slice is small")]
    assert _kinds(story).count("decision.answered") == 1


def test_a_rejected_review_promotes_nobody(story: Story, models: list[ModelVersion]) -> None:
    """After a no, also by nobody, neither a second answer nor a promotion gets through."""
    decision = story.decide(models[0], Verdict.REVIEW)
    story.ledger.decisions.answer(decision.id, False, "nobody", "no answer in time")
    with pytest.raises(NotAllowedError, match="on record with approved False, now it is True"):
        story.ledger.decisions.answer(decision.id, True, "Ada", "let it")
    with pytest.raises(NotAllowedError, match="nothing allows this"):
        story.promote(decision, APPROVAL)


def test_only_a_review_is_answered(story: Story, models: list[ModelVersion]) -> None:
    """Answering a BLOCK is not a way around it, and nobody cannot approve."""
    with pytest.raises(NotAllowedError, match="only a REVIEW is answered"):
        story.ledger.decisions.answer(story.decide(models[0], Verdict.BLOCK).id, True, "Ada", "please")
    with pytest.raises(NotAllowedError, match="nobody may not answer a review"):
        story.ledger.decisions.answer(story.decide(models[1], Verdict.REVIEW).id, True, "nobody", "silence")


def _act(story: Story, version: int, generation: int, kind: PromotionKind, actor: str, reason: str) -> int:
    return story.ledger.models.promote("flights", version, generation, kind, None, actor, reason).generation


def test_an_override_needs_a_name_a_reason_and_its_record(story: Story, models: list[ModelVersion]) -> None:
    """A named person with a reason may override, and the promotion names the record of it; nothing else will do."""
    decision = story.decide(models[0], Verdict.BLOCK)
    for actor, reason in (("", "urgent"), ("Ada", "")):
        with pytest.raises(NotAllowedError, match="a name and a reason"):
            _act(story, 1, 0, OVERRIDE, actor, reason)
    with pytest.raises(NotAllowedError, match="nothing allows this override"):
        _act(story, 1, 0, OVERRIDE, "Ada", "urgent")
    asked = story.override(decision)
    assert story.serve(asked).generation == story.serve(asked).generation == 1
    assert story.ledger.models.promotions("flights")[0].override == asked.id


def test_a_second_person_is_neither_the_first_nor_the_requester(story: Story, models: list[ModelVersion]) -> None:
    """Where two are needed, the ledger promotes nothing on one word, and takes the second from nobody involved."""
    asked = story.override(story.decide(models[0], Verdict.BLOCK), second_person=True)
    with pytest.raises(NotAllowedError, match="nothing allows this override"):
        story.serve(asked)
    for involved in ("Ada", "Eve"):
        with pytest.raises(NotAllowedError, match="needs a second person"):
            story.ledger.overrides.confirm(asked.id, involved, "I agree with myself")
    assert story.ledger.overrides.confirm(asked.id, "Bob", "I have looked at it too").confirmed_by == "Bob"
    assert story.serve(asked).generation == 1


def test_an_override_that_needs_nobody_else_is_not_confirmed(story: Story, models: list[ModelVersion]) -> None:
    """A second name where none was asked for would say more than happened."""
    asked = story.override(story.decide(models[0], Verdict.BLOCK))
    with pytest.raises(NotAllowedError, match="needs no second person"):
        story.ledger.overrides.confirm(asked.id, "Bob", "I have looked at it too")


def test_only_an_expired_override_ends_and_only_for_a_proper_champion(story: Story, models: list[ModelVersion]) -> None:
    """Before its time the return is refused; after it, it goes to what a decision promoted last and nowhere else."""
    expiry = PromotionKind.EXPIRY
    story.promote(story.decide(models[0]))
    story.serve(story.override(story.decide(models[1], Verdict.BLOCK, generation=1)))
    with pytest.raises(NotAllowedError, match="nothing allows this expiry"):
        _act(story, 1, 2, expiry, "maintenance", "too early")
    past = datetime(2020, 1, 1, tzinfo=UTC)
    story.serve(story.override(story.decide(models[2], Verdict.BLOCK, generation=2), expires=past))
    with pytest.raises(NotAllowedError, match="nothing allows this expiry"):
        _act(story, 2, 3, expiry, "maintenance", "that one was an override as well")
    assert _act(story, 1, 3, expiry, "maintenance", "its time is over") == 4


def test_a_probation_brings_back_the_former_champion_once_it_is_lost(story: Story, models: list[ModelVersion]) -> None:
    """Nobody is rolled back while the probation is open; a lost one brings back the champion before, no other."""
    for generation, model in enumerate(models[:2]):
        story.promote(story.decide(model, generation=generation))
    lease = story.enter("generation 2/probation")
    for key, verdict in (("2013-03", "open"), ("2013-04", "worse")):
        with pytest.raises(NotAllowedError, match="nothing allows this probation"):
            _act(story, 1, 2, PromotionKind.PROBATION, "gate", "worse")
        story.ledger.probations.judged(lease, Probation("flights", 2, key, 1, verdict, f"it is {verdict}"))
    assert _act(story, 1, 2, PromotionKind.PROBATION, "gate", "worse") == 3
    assert [each.verdict for each in story.ledger.probations.list("flights")] == ["open", "worse"]


def test_a_rollback_goes_to_an_earlier_champion(story: Story, models: list[ModelVersion]) -> None:
    """Version 1 can come back as the champion of generation 3; version 3, which never served, cannot."""
    story.promote(story.decide(models[0]))
    story.promote(story.decide(models[1], generation=1))
    with pytest.raises(NotAllowedError, match="nothing allows this rollback"):
        _act(story, 3, 2, ROLLBACK, "Ada", "it is late")
    assert [_act(story, 1, 2, ROLLBACK, "Ada", "it is worse") for _ in range(2)] == [3, 3]
    with pytest.raises(NotAllowedError, match="is the champion already"):
        _act(story, 1, 3, ROLLBACK, "Bob", "again")


def test_the_champion_of_a_moment(story: Story, models: list[ModelVersion]) -> None:
    """History answers by the ledger's clock: nobody before the first promotion, then whoever it was."""
    for generation, model in enumerate(models):
        story.promote(story.decide(model, generation=generation))
    moments = [promotion.at for promotion in story.ledger.models.promotions("flights")]
    found = [story.ledger.models.champion("flights", at) for at in moments]
    assert [champion.model.version for champion in found if champion] == [1, 2, 3]
    assert story.ledger.models.champion("flights", datetime(2020, 1, 1, tzinfo=UTC)) is None


def test_unknown_decisions_are_named(story: Story) -> None:
    """Asking for a decision that is not there names it."""
    for ask in (story.ledger.decisions.get, story.ledger.decisions.archive):
        with pytest.raises(RecordNotFoundError, match="no decision nowhere"):
            ask("nowhere")
    assert story.ledger.decisions.of_request("nowhere") is None


def test_a_promotion_of_an_unknown_decision_is_refused(story: Story, models: list[ModelVersion]) -> None:
    """A decision that nobody recorded promotes nobody."""
    invented: Decision = replace(story.decide(models[0]), id="invented")
    with pytest.raises(NotAllowedError):
        story.promote(invented)
