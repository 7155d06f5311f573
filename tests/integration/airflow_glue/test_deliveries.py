"""One bad delivery stays one bad delivery: what the ingest task makes of a drop folder, on a real ledger and lake."""

from __future__ import annotations

import json
import os

import pandas as pd
import pytest

from gatehouse import invariants
from gatehouse.adapters.lake import open_lake
from gatehouse.adapters.sources import delivered_files, open_source
from gatehouse.adapters.sources import files as files_module
from gatehouse.core.types import BatchState
from gatehouse.errors import NotAllowedError, ServiceUnavailableError, SourceError, SourceVanishedError
from gatehouse.pipeline import land
from gatehouse.pipeline.manual.quarantined import release
from gatehouse.pipeline.manual.revalidate import revalidate
from gatehouse.settings import ROOT
from gatehouse_airflow.tasks import batches, context
from support.rides import FakeContext, ctx, folder, open_site, take  # noqa: F401 - three are fixtures

MONTHS = [f"2024-{month:02}" for month in range(1, 7)]
FILES = 'source: {kind: files, address: drop, pattern: "{table}_{key}.parquet", complete_when: atomic}'


def month(key: str, rows: int = 300) -> pd.DataFrame:
    """A month of good rows."""
    at = pd.date_range(f"{key}-02", periods=rows, freq="1h", tz="UTC")
    return pd.DataFrame(
        {
            "id": [f"{key}-{number}" for number in range(rows)],
            "at": at,
            "group": ["a" if number % 3 else "b" for number in range(rows)],
            "amount": [float(number % 17) for number in range(rows)],
        }
    )


def labels(key: str, rows: int = 300) -> pd.DataFrame:
    """The outcomes of that month."""
    return pd.DataFrame(
        {
            "id": [f"{key}-{number}" for number in range(rows)],
            "label": [float(number % 17 > 8) for number in range(rows)],
        }
    )


@pytest.fixture
def inbox(folder):
    """The drop folder of the use case, with six good months."""
    text = (folder / "contract.yaml").read_text()
    line = next(line for line in text.splitlines() if line.startswith("source:"))
    (folder / "contract.yaml").write_text(text.replace(line, FILES))
    made = folder / "drop"
    made.mkdir()
    for key in MONTHS:
        month(key).to_parquet(made / f"rows_{key}.parquet")
        labels(key).to_parquet(made / f"outcomes_{key}.parquet")
    return made


@pytest.fixture
def installed(inbox, folder, open_site, tmp_path, monkeypatch):
    """The site as each task finds it: opened again every time, on one ledger and one lake."""
    opened = open_site()
    opened.lake = open_lake(str(tmp_path / "lake"))

    def again(_: str, **about: str) -> FakeContext:
        opened.source = open_source(opened.case.contract, folder)
        return opened

    monkeypatch.setattr(context, "use_case_context", again)
    return again("")


def run(refs: list[str]) -> dict[str, bool]:
    """What the tasks after `land` do: outcomes, then validation of each batch."""
    batches.collect_outcomes("rides", refs)
    return {ref: batches.validate("rides", ref) for ref in refs}


def states(ctx) -> dict[str, str]:
    """Each batch and revision with its state."""
    return {f"{b.id.key}.r{b.id.revision}": str(b.state) for b in ctx.ledger.batches.list("rides")}


def notes(ctx, kind: str) -> list:
    """The audit log's entries of a kind."""
    return [entry for entry in ctx.ledger.audit_log.entries() if entry.kind == kind]


def holds(ctx, database) -> None:
    """Every invariant that asks ledger and lake holds."""
    findings = invariants.run(database.url, ctx.lake, None)
    assert [breach for finding in findings for breach in finding.breaches] == []


def cut(path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


@pytest.mark.parametrize(
    ("break_it", "reason"),
    [
        (lambda path: path.write_bytes(b""), "the file is empty"),
        (cut, "not a whole Parquet file"),
        (lambda path: path.write_bytes(b"id,amount\n1,2\n"), "not a whole Parquet file"),
    ],
)
def test_an_unreadable_file_quarantines_its_own_batch(installed, inbox, ledger_database, break_it, reason):
    """One task takes all six months; the broken one is quarantined by name with its very bytes, all others are accepted.
    The same again changes nothing, and every invariant holds."""
    break_it(inbox / "rows_2024-03.parquet")
    refs = batches.land("rides", None)
    assert refs == [f"{key}.r1" for key in MONTHS]
    assert run(refs) == {f"{key}.r1": key != "2024-03" for key in MONTHS}
    (bad,) = [batch for batch in installed.ledger.batches.list("rides") if batch.state is BatchState.QUARANTINED]
    assert bad.id.key == "2024-03"
    assert "rows_2024-03.parquet" in bad.reason
    assert reason in bad.reason
    assert installed.lake.read(bad.tables["rows"].source) == (inbox / "rows_2024-03.parquet").read_bytes()
    assert batches.check_fetched("rides") is None
    before = len(installed.ledger.audit_log.entries())
    assert batches.land("rides", None) == []
    batches.collect_outcomes("rides", refs)
    assert len(installed.ledger.audit_log.entries()) == before
    assert land.land(installed, "2024-03") == bad, "by hand, too, the same bytes are the same batch"
    holds(installed, ledger_database)


def test_an_unreadable_batch_is_discarded_or_corrected_and_never_released(installed, inbox, ledger_database):
    """Releasing is refused with what to do instead, checking it again says the same reason, and the corrected file that the
    next run notices by itself is the next revision, which is accepted."""
    cut(inbox / "rows_2024-02.parquet")
    run(batches.land("rides", None))
    (bad,) = [batch for batch in installed.ledger.batches.list("rides") if batch.state is BatchState.QUARANTINED]
    with pytest.raises(NotAllowedError, match=r"no row that could be released.*Have it delivered again"):
        release(installed, bad.id, "admin", "we take it as it is")
    checked = revalidate(installed, bad.id, "ann", "the contract was changed today")
    assert "stays quarantined" in checked.lines[0]
    month("2024-02").to_parquet(inbox / "rows_2024-02.parquet")
    assert run(batches.land("rides", None)) == {"2024-02.r2": True}
    installed.ledger.batches.discard(bad.id, "admin", "the corrected file has come")
    assert states(installed)["2024-02.r1"] == "discarded"
    assert states(installed)["2024-02.r2"] == "accepted"
    holds(installed, ledger_database)


def test_a_corrected_file_is_noticed_and_a_touched_one_is_not_a_revision(installed, inbox, ledger_database):
    """Every batch is compared at every run, the oldest too. Equal content under another time is read once and is no
    revision; other content is the next one."""
    run(batches.land("rides", None))
    os.utime(inbox / "rows_2024-01.parquet", (1, 1))
    assert batches.land("rides", None) == []
    assert len(notes(installed, "delivery.read")) == 7
    assert batches.land("rides", None) == []
    assert len(notes(installed, "delivery.read")) == 7, "it is not read again"
    month("2024-01").assign(amount=3.5).to_parquet(inbox / "rows_2024-01.parquet")
    assert run(batches.land("rides", None)) == {"2024-01.r2": True}
    month("2024-01").to_parquet(inbox / "rows_2024-01.parquet")
    assert batches.land("rides", None) == []
    (returned,) = land.passed_over(installed)
    assert (returned.name, "revision 1 again" in returned.reason) == ("2024-01", True)
    holds(installed, ledger_database)


def test_a_correction_of_a_batch_that_was_scored_is_watched_as_a_new_revision(installed, inbox):
    """What was made of the first revision stays as it is; the second one waits for the watch like any accepted batch."""
    from gatehouse.pipeline.score import unscored_batches

    for key in MONTHS[:3]:
        take(installed, key)
    for key in MONTHS[3:]:
        (inbox / f"rows_{key}.parquet").unlink()
    assert unscored_batches(installed) == []
    month("2024-02").head(250).to_parquet(inbox / "rows_2024-02.parquet")
    assert run(batches.land("rides", None)) == {"2024-02.r2": True}
    assert [str(batch.id) for batch in unscored_batches(installed)] == ["rides/2024-02.r2"]


def test_many_changed_files_are_read_in_several_runs(installed, inbox, monkeypatch):
    """After a copy of the whole folder every file has another time: each run reads some, the newest first, until none is
    left."""
    monkeypatch.setattr(land, "READ_AGAIN_AT_ONCE", 4)
    run(batches.land("rides", None))
    for key in MONTHS:
        os.utime(inbox / f"rows_{key}.parquet", (2, 2))
    assert land.corrected(installed) == MONTHS[2:]
    batches.land("rides", None)
    assert land.corrected(installed) == MONTHS[:2]
    batches.land("rides", None)
    assert land.corrected(installed) == []


def test_unreadable_outcomes_stop_no_others_and_are_logged_once(installed, inbox, ledger_database):
    """The outcomes of one month are cut off: all others arrive, the refusal names the file and keeps its bytes, a second run
    says nothing new, and the corrected file arrives."""
    cut(inbox / "outcomes_2024-02.parquet")
    refs = batches.land("rides", None)
    run(refs)
    batches.collect_outcomes("rides", refs)
    assert set(installed.ledger.batches.outcomes("rides", installed.ledger.batches.list("rides")[-1].interval.end)) == {
        "2024-01", "2024-03", "2024-04", "2024-05",
    }  # fmt: skip
    (refused,) = notes(installed, "outcomes.refused")
    body = json.loads(refused.body)
    assert refused.subject == "rides/2024-02.r1"
    assert "outcomes_2024-02.parquet" in body["reason"]
    assert (installed.lake._root + "/" + body["files"][0]["path"]).endswith(".parquet")
    labels("2024-02").to_parquet(inbox / "outcomes_2024-02.parquet")
    assert batches.collect_outcomes("rides", refs) == ["2024-02.r1"]
    holds(installed, ledger_database)


def test_what_cannot_be_fetched_is_named_by_a_task_of_its_own(installed, inbox, monkeypatch):
    """A file too large to be read lands nothing and stops nothing; the ledger notes it once, `fetched` is red for it, and
    `batches` lists it, until it can be fetched."""
    monkeypatch.setattr(delivered_files, "MAX_BYTES", (inbox / "rows_2024-02.parquet").stat().st_size + 2000)
    month("2024-03", 700).assign(group=[str(n) * 9 for n in range(700)]).to_parquet(inbox / "rows_2024-03.parquet")
    assert len(run(batches.land("rides", None))) == 5
    batches.land("rides", None)
    assert len(notes(installed, "delivery.refused")) == 1
    with pytest.raises(SourceError, match=r"1 batches of rides could not be fetched: 2024-03: .*at most"):
        batches.check_fetched("rides")
    assert [each.name for each in land.passed_over(installed)] == ["2024-03"]
    monkeypatch.setattr(delivered_files, "MAX_BYTES", 2**31)
    month("2024-03").to_parquet(inbox / "rows_2024-03.parquet")
    assert batches.land("rides", None) == ["2024-03.r1"]
    assert batches.check_fetched("rides") is None


def test_what_trying_again_can_help_fails_the_task_when_the_others_have_landed(installed, monkeypatch):
    """A file that is replaced while it is read is raised for Airflow to try again, with all others landed; a store that is
    away is raised at once."""
    fetch = files_module.FileSource.fetch

    def replaced(self, key, interval):
        if key == "2024-02":
            raise SourceVanishedError("rows_2024-02.parquet was written while it was read")
        return fetch(self, key, interval)

    monkeypatch.setattr(files_module.FileSource, "fetch", replaced)
    with pytest.raises(SourceVanishedError):
        batches.land("rides", None)
    assert len(states(installed)) == 5
    monkeypatch.setattr(files_module.FileSource, "fetch", fetch)
    assert len(batches.land("rides", None)) == 6

    def away(self):
        raise ServiceUnavailableError("the share is not mounted")

    monkeypatch.setattr(files_module.Folder, "look", away)
    with pytest.raises(ServiceUnavailableError):
        batches.land("rides", None)


def test_airflow_tries_a_replaced_file_again():
    """The retry policy of every task knows which errors trying again can help."""
    from gatehouse_airflow.dag_defaults import RETRIES

    decided = {str(rule.exception): str(rule.action.value) for rule in RETRIES.rules}
    assert (
        decided["gatehouse.errors.SourceVanishedError"]
        == decided["gatehouse.errors.ServiceUnavailableError"]
        != decided["gatehouse.errors.GatehouseError"]
    )
    assert (ROOT / "include/gatehouse_airflow/dags/ingest.py").read_text().count("check_fetched") == 1
