"""Retrain requests on a real PostgreSQL: one at a time, claimed by one run, closed once; what a run records."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from gatehouse.core.contract.batch_calendar import batch_interval
from gatehouse.core.types import Candidate, Request, RequestState
from gatehouse.errors import NotAllowedError, RecordNotFoundError
from gatehouse.ports import Ledger
from support.story import DRIFT, Story

AS_OF = batch_interval("month", "2013-03").end


@pytest.fixture
def story(ledger: Ledger) -> Story:
    """A use case in which nothing has happened yet."""
    return Story(ledger)


@pytest.fixture
def request_(story: Story) -> Request:
    """An open request that a person asked for."""
    return story.ledger.requests.ask("flights", AS_OF, "Ada", "the airport opened a runway")


def _kinds(story: Story) -> list[str]:
    return [entry.kind for entry in story.ledger.audit_log.entries()]


def test_a_person_may_ask_and_asking_again_changes_nothing(story: Story, request_: Request) -> None:
    """A person's request carries the name and the reason; the same words again join nothing, other words join."""
    assert (request_.state, request_.opened_by, request_.reasons[0].kind) == (RequestState.OPEN, "Ada", "person")
    assert story.ledger.requests.ask("flights", AS_OF, "Ada", "the airport opened a runway") == request_
    joined = story.ledger.requests.ask("flights", AS_OF, "Bob", "me too")
    assert (joined.id, [reason.sentence for reason in joined.reasons]) == (
        request_.id,
        ["the airport opened a runway", "me too"],
    )
    assert _kinds(story) == ["request.opened", "request.joined"]


def test_a_request_without_a_name_is_refused(story: Story) -> None:
    """Asking needs a name and a reason."""
    with pytest.raises(NotAllowedError, match="a name and a reason"):
        story.ledger.requests.ask("flights", AS_OF, " ", "because")


def test_a_second_attempt_of_the_same_run_may_claim_again(story: Story, request_: Request) -> None:
    """A retried claim returns the claimed request and writes nothing; another run's claim is NotAllowedError."""
    assert story.claim(request_) == story.claim(request_)
    assert _kinds(story) == ["request.opened", "request.claimed"]
    with pytest.raises(NotAllowedError, match="flights/other run"):
        story.ledger.requests.claim(story.enter("other run"), request_.id)


def test_a_request_ends_once(story: Story, request_: Request) -> None:
    """Closing again with the same words is a no-op; with other words or another state it is NotAllowedError."""
    with pytest.raises(NotAllowedError, match="is open"):
        story.close(request_)
    story.claim(request_)
    story.close(request_)
    story.close(request_)
    assert story.ledger.requests.get(request_.id).closing == "promoted"
    assert story.ledger.requests.pending("flights") is None
    with pytest.raises(NotAllowedError, match=r"decided \(promoted\).*decided \(held\)"):
        story.close(request_, "held")
    with pytest.raises(NotAllowedError, match="found 'open'"):
        story.ledger.requests.close(story.enter("close"), request_.id, "open", "again")
    assert _kinds(story) == ["request.opened", "request.claimed", "request.decided"]


def test_requests_of_different_use_cases_do_not_meet(story: Story, request_: Request) -> None:
    """One pending request per use case, not per installation."""
    other = story.ledger.requests.ask("air_time", AS_OF, "Ada", "the airport opened a runway")
    assert other.id != request_.id
    assert story.ledger.requests.pending("air_time") == other


def test_an_unknown_request_is_named(story: Story) -> None:
    """Asking for a request or a training set that is not there names it."""
    for ask in (story.ledger.requests.get, story.ledger.requests.training_set):
        with pytest.raises(RecordNotFoundError, match="nowhere"):
            ask("nowhere")


def test_a_training_set_is_recorded_as_it_is_and_never_replaced(story: Story, request_: Request) -> None:
    """The record comes back equal; the same again is a no-op, other rows are NotAllowedError."""
    first, second = story.accept("2013-01"), story.accept("2013-02")
    training_set = story.gather(request_, first, second)
    assert story.ledger.requests.training_set(request_.id) == training_set
    assert story.gather(request_, first, second) == training_set
    assert _kinds(story).count("training_set.recorded") == 1
    with pytest.raises(NotAllowedError, match="sha256"):
        story.gather(request_, second, first)


def test_a_training_set_of_a_quarantined_batch_is_refused(story: Story, request_: Request) -> None:
    """The database itself refuses to train on what was not accepted, and nothing of the record stays."""
    with pytest.raises(NotAllowedError, match=r"2013-02.r1 is not accepted"):
        story.gather(request_, story.accept("2013-01"), story.quarantine("2013-02"))
    with pytest.raises(RecordNotFoundError):
        story.ledger.requests.training_set(request_.id)


def test_candidates_come_back_with_their_numbers(story: Story, request_: Request) -> None:
    """Metrics keep their values, also those that are not numbers; a candidate that failed has a reason and no file."""
    fitted = replace(story.fit(request_, "boosted"), name="linear", metrics={"log_loss": math.nan, "auc": 0.7})
    failed = Candidate(request_.id, "odd", {}, None, "run-odd", "fit() raised ValueError: one class only")
    for candidate in (failed, fitted, fitted):
        story.ledger.requests.record_candidate(story.enter("fit"), candidate)
    boosted, linear, odd = story.ledger.requests.candidates(request_.id)
    assert (boosted.name, linear.metrics["auc"], odd) == ("boosted", 0.7, failed)
    assert math.isnan(linear.metrics["log_loss"])


def test_a_candidate_is_not_exchanged(story: Story, request_: Request) -> None:
    """Other bytes under the same name are NotAllowedError."""
    candidate = story.fit(request_)
    with pytest.raises(NotAllowedError, match=r"candidate\.recorded"):
        story.ledger.requests.record_candidate(story.enter("fit"), replace(candidate, file=story.report()))


def test_watching_joins_what_a_person_opened(story: Story, request_: Request) -> None:
    """A person's request and a drifted batch meet in one request."""
    joined = story.watch(story.accept().id, DRIFT)
    assert joined is not None
    assert (joined.id, len(joined.reasons)) == (request_.id, 2)
