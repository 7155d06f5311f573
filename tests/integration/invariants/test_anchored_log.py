"""Who owns the database rewrites the log, cuts it off or restores an older one: the anchors outside of it name it."""

from __future__ import annotations

import base64
import contextlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from click.testing import CliRunner

from conftest import LedgerDatabase
from gatehouse.adapters.lake import open_lake
from gatehouse.anchoring import anchor_evidence, anchor_for, open_anchoring
from gatehouse.cli.audit_export import export
from gatehouse.cli.verify import verify
from gatehouse.invariants import InvariantResult
from gatehouse.invariants import run as run_invariants
from gatehouse.ports import Ledger
from gatehouse.settings import Settings
from support.fakes import FakeTracking
from support.story import Story

CHAIN = """
    UPDATE gatehouse.audit_log SET hash = encode(sha256(convert_to(previous || '[' || seq || ',' || to_json(kind) || ','
        || to_json(subject) || ',' || to_json(actor) || ',"'
        || to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') || '+00:00",' || body || ']', 'UTF8')), 'hex')
    WHERE seq = %(seq)s"""


class KeptTracking(FakeTracking):
    """Keeps the newest anchor beside each registered model, as MLflow does."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, str] = {}

    def keep_anchor(self, use_case: str, document: str) -> None:
        self.kept[use_case] = document

    def anchor(self, use_case: str) -> str:
        return self.kept.get(use_case, "")


class Installation:
    """A ledger with a history, its lake, MLflow and a key, and what its owner may do to it."""

    def __init__(self, database: LedgerDatabase, ledger: Ledger, folder: Path) -> None:
        key = folder / "anchor.key"
        key.write_text(base64.urlsafe_b64encode(os.urandom(32)).decode())
        lake = str(folder / "lake")
        self.settings = Settings(folder, lake, database.url, "", (), anchor_key=key)
        self.database, self.ledger, self.tracking = database, ledger, KeptTracking()
        self.story = Story(ledger, open_lake(lake))
        self.story.tell()

    def note(self, words: str) -> int:
        """An entry that no row stands for, so that only the chain tells of it."""
        self.ledger.audit_log.note("alias.drifted", "flights", "maintenance", {"words": words})
        return self.ledger.audit_log.entries()[-1].seq

    def anchor(self) -> Any:
        return anchor_for(self.settings, self.ledger.audit_log, lambda: self.tracking, ["flights"])

    def judged(self, name: str = "I15") -> InvariantResult:
        evidence = anchor_evidence(self.settings, self.tracking, ["flights"])
        found = run_invariants(self.database.url, open_lake(self.settings.lake), None, {}, evidence)
        return next(result for result in found if result.invariant == name)

    def own(self, *statements: str) -> None:
        """What the superuser does, past the triggers, and then computes the chain anew."""
        with contextlib.closing(psycopg2.connect(self.database.superuser_url)) as connection, connection:
            cursor = connection.cursor()
            cursor.execute("SET session_replication_role = replica")
            for statement in statements:
                cursor.execute(statement)
            cursor.execute("SELECT seq FROM gatehouse.audit_log ORDER BY seq")
            for (seq,) in cursor.fetchall():
                cursor.execute(
                    "UPDATE gatehouse.audit_log SET previous = coalesce((SELECT hash FROM gatehouse.audit_log "
                    "WHERE seq = %(seq)s - 1), repeat('0', 64)) WHERE seq = %(seq)s", {"seq": seq},
                )  # fmt: skip
                cursor.execute(CHAIN, {"seq": seq})


@pytest.fixture
def installed(ledger_database: LedgerDatabase, ledger: Ledger, tmp_path: Path) -> Installation:
    """An installation whose log was anchored once, and has grown since."""
    made = Installation(ledger_database, ledger, tmp_path)
    made.note("first")
    assert made.anchor().entries == made.note("second") - 1
    return made


def test_a_whole_log_leads_to_its_anchor(installed: Installation) -> None:
    """Nothing is a breach; what no anchor covers yet is said."""
    found = installed.judged()
    last = installed.ledger.audit_log.entries()[-1].seq
    assert (found.ok, found.notes) == (True, (f"no anchor covers the entries from {last} to {last} yet",))
    installed.anchor()
    assert installed.anchor() is None, "nothing is new"
    assert installed.judged().notes == ()


def test_a_rewritten_log_is_named_with_its_first_entry(installed: Installation) -> None:
    """The chain is computed anew, so I6 finds nothing: the anchor does."""
    last = installed.ledger.audit_log.entries()[-1].seq
    installed.own(f'UPDATE gatehouse.audit_log SET body = \'{{"words":"forged"}}\' WHERE seq = {last - 1}')
    assert installed.judged("I6").ok
    assert f"entry {last - 1} is not the one that was recorded" in installed.judged().breaches[0]
    installed.anchor()
    assert not installed.judged().ok, "a later anchor does not make it right"


def test_what_was_cut_off_is_named(installed: Installation) -> None:
    """The newest entries are gone with their rows; an anchor is not made for a log that is too short."""
    last = installed.ledger.audit_log.entries()[-1].seq
    installed.own(f"DELETE FROM gatehouse.audit_log WHERE seq >= {last - 1}")
    assert installed.judged("I6").ok
    assert f"entry {last - 1} is missing" in installed.judged().breaches[0]
    assert installed.anchor() is None


def test_an_older_backup_that_went_on_is_named(installed: Installation) -> None:
    """After as many new entries the length is right again; the entries are others."""
    last = installed.ledger.audit_log.entries()[-1].seq
    installed.own(f"DELETE FROM gatehouse.audit_log WHERE seq >= {last - 1}")
    for number in range(3):
        installed.note(f"after the restore, {number}")
    assert installed.judged("I6").ok
    assert f"entry {last - 1} is not the one that was recorded" in installed.judged().breaches[0]


def test_anchors_that_go_from_the_lake_are_missed(installed: Installation) -> None:
    """MLflow has the newest one: it still vouches, and the lake's loss is named."""
    for path in Path(installed.settings.lake, "anchors").iterdir():
        path.unlink()
    assert "the lake lacks the anchor" in installed.judged().breaches[0]
    last = installed.ledger.audit_log.entries()[-1].seq
    installed.own(f'UPDATE gatehouse.audit_log SET body = \'{{"words":"forged"}}\' WHERE seq = {last - 1}')
    assert f"an entry from 1 to {last - 1} is not the one" in installed.judged().breaches[1]


def test_an_anchor_of_another_key_vouches_for_nothing(installed: Installation, tmp_path: Path) -> None:
    """Who writes to the lake and has no key cannot make anchors; a damaged file is named and stops nothing."""
    folder = Path(installed.settings.lake, "anchors")
    (path,) = folder.iterdir()
    path.write_text(path.read_text().replace('"after":0', '"after":1'))
    (folder / "z.json").write_text("nothing")
    found = installed.judged()
    assert len([text for text in found.breaches if "was not signed with the key" in text]) == 2


def test_an_hour_is_due_and_a_wrong_key_stops_nothing(installed: Installation, tmp_path: Path) -> None:
    """Maintenance anchors again when an hour is over; a key that cannot be read is logged, and nothing raises."""
    anchoring = open_anchoring(installed.settings)
    assert anchoring is not None
    assert not anchoring.is_due()
    assert anchoring.is_due(datetime.now(UTC) + timedelta(hours=1))
    nowhere = Settings(tmp_path, installed.settings.lake, "", "", (), anchor_key=tmp_path / "nowhere")
    assert anchor_for(nowhere, installed.ledger.audit_log, lambda: installed.tracking, []) is None
    assert anchor_evidence(Settings(tmp_path, installed.settings.lake, "", "", ()), None, []) is None


def test_an_export_is_signed_and_checked_by_its_public_key(installed: Installation, tmp_path: Path) -> None:
    """The command prints the public key; the file is whole under it and under no other."""
    settings, file = installed.settings, str(tmp_path / "log.jsonl")
    env = {
        "GATEHOUSE_LEDGER_URL": settings.ledger_url,
        "GATEHOUSE_LAKE": settings.lake,
        "GATEHOUSE_ANCHOR_KEY_FILE": str(settings.anchor_key),
    }
    made = CliRunner().invoke(export, ["--signed", file], env=env)
    assert made.exit_code == 0, made.output
    key = made.output.split()[-1]
    assert "is whole" in CliRunner().invoke(verify, ["--file", file, "--public-key", key]).output
    assert "was not checked" in CliRunner().invoke(verify, ["--file", file]).output
    assert CliRunner().invoke(verify, ["--file", file, "--public-key", "ab" * 32]).exit_code == 1
    assert CliRunner().invoke(export, ["--signed", file], env={**env, "GATEHOUSE_ANCHOR_KEY_FILE": ""}).exit_code == 1
