"""Text from data, names and forms stays text: in SQL and in templates."""

from __future__ import annotations

import psycopg2
import pytest

from gatehouse.core.types import BatchState, Verdict
from gatehouse.errors import GatehouseError
from gatehouse.ports import Ledger
from gatehouse.reports import batch_report, decision_markdown
from gatehouse.settings import ROOT, Settings
from gatehouse.use_case import find
from support.pages_world import airflow_home  # noqa: F401 - a fixture
from support.story import Story

HOSTILE = (
    "x'); DROP TABLE gatehouse.audit_log; --",
    'x"; DELETE FROM gatehouse.batches; --',
    "%s %(name)s {0} {name} $1",
    "{{ 7 * 7 }} {% raw %} ${7*7} #{7*7}",
    "<script>alert(1)</script>",
    "\u202etxt.exe \U0001f6eb 'quoted' \\ back",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_stored_as_it_is(ledger: Ledger, ledger_database, text: str) -> None:
    """As a reason, an actor, a note and its subject it comes back letter for letter, and every table is still there."""
    batch = Story(ledger).quarantine(reason=text)
    assert ledger.batches.get(batch.id).reason == text
    ledger.batches.discard(batch.id, text, f"{text} in ten letters")
    ledger.audit_log.note("test.note", text, text, {text: text})
    assert ledger.batches.get(batch.id).state is BatchState.DISCARDED
    newest = ledger.audit_log.entries()[-1]
    assert (newest.subject, newest.actor) == (text, text)
    with psycopg2.connect(ledger_database.url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM gatehouse.audit_log")
        assert cursor.fetchone()[0] == len(ledger.audit_log.entries())


def test_a_name_that_is_a_path_or_sql_opens_no_use_case(tmp_path) -> None:
    """A use case is found by a plain name or a folder that holds one; nothing else is looked up or run."""
    settings = Settings(tmp_path, str(tmp_path / "lake"), "", "", (ROOT / "include" / "usecases",))
    for name in ("../usecases", "..", "a' OR 1=1 --", "{{ 7*7 }}", "/etc", "$(id)"):
        with pytest.raises(GatehouseError):
            find(name, settings)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_report_evaluates_nothing(text: str, ledger: Ledger) -> None:
    """A batch's report shows template syntax and markup as text."""
    contract = find("air_time", Settings.from_environment({})).contract
    page = batch_report(contract, Story(ledger).land(), (), {}, text)
    assert "<script>alert(1)" not in page
    assert "7 * 7" not in text or "{{ 7 * 7 }}" in page


def test_a_review_is_not_rendered_twice(airflow_home, ledger: Ledger) -> None:
    """The review's body is pulled by a template; what it pulls is shown, and not evaluated as a template again."""
    from airflow.providers.standard.operators.hitl import HITLOperator

    story = Story(ledger)
    decision = story.decide(story.challenger(story.accept("2013-01"), story.accept("2013-02")), Verdict.REVIEW)
    body = decision_markdown("{{ conn.get('canary') }} {{ 7 * 7 }}", decision)

    class Instance:
        def xcom_pull(self, task_ids: str, key: str) -> str:
            return body

    review = HITLOperator(
        task_id="review",
        subject="s",
        options=["Approve", "Reject"],
        body="{{ ti.xcom_pull(task_ids='judge', key='body') }}",
    )
    review.render_template_fields({"ti": Instance()})
    assert r"\{\{ 7 \* 7 \}\}" in review.body  # escaped for Markdown, and not 49
