"""Anchors against every rewritten, removed or added entry: what lies before the last anchor is found, the rest is told."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatehouse.adapters.anchor_keys import FileSigner, is_signed
from gatehouse.core.audit.anchors import Anchor, compare, make, read
from gatehouse.core.audit.hash_chain import FIRST, entry_hash, export_lines
from gatehouse.core.audit.signed_export import breaches_of, seal, unseal
from gatehouse.core.types import AuditEntry
from gatehouse.errors import ConfigurationError
from gatehouse.settings import ROOT

SCRIPT = ROOT / "docs" / "reference" / "check_audit_export.py"
BEGUN = datetime(2026, 1, 1, tzinfo=UTC)


def chained(bodies: list[str], first: int = 1, previous: str = FIRST) -> list[AuditEntry]:
    """A log whose chain is right, as who owns the database can compute it."""
    log: list[AuditEntry] = []
    for number, body in enumerate(bodies, start=first):
        at = BEGUN + timedelta(seconds=number)
        bare = AuditEntry(number, "batch.landed", f"flights/{number}", "ingest", at, f'{{"n":"{body}"}}', previous, "")
        log.append(replace(bare, hash=entry_hash(bare)))
        previous = log[-1].hash
    return log


def anchored(log: list[AuditEntry], ends: list[int], whole: bool = True) -> list[Anchor]:
    """The anchors that were made when the log had these lengths."""
    anchors, after = [], 0
    for end in sorted(set(ends)):
        made = make([entry.hash for entry in log[after:end]], after, f"hour {end}", "k")
        anchors.append(made if whole else replace(made, hashes=()))
        after = end
    return anchors


def hashes(log: list[AuditEntry]) -> dict[int, str]:
    return {number: entry_hash(entry) for number, entry in enumerate(log, start=1)}


@st.composite
def histories(draw):
    """A log, the lengths at which it was anchored, and the entry that somebody changes."""
    length = draw(st.integers(1, 30))
    ends = draw(st.lists(st.integers(1, length), min_size=1, max_size=4))
    return [str(n) for n in range(length)], ends, draw(st.integers(1, length))


@given(histories(), st.sampled_from(["rewritten", "removed", "added", "cut off", "older backup, and gone on with"]))
def test_what_is_changed_before_the_last_anchor_is_named_with_the_first_entry(history, how) -> None:
    """The chain is computed anew each time, so that nothing but the anchors can tell. What is changed after the last anchor
    is not found, and it is said that no anchor covers it."""
    bodies, ends, number = history
    anchors = anchored(chained(bodies), ends)
    now = {
        "rewritten": [*bodies[: number - 1], "forged", *bodies[number:]],
        "removed": [*bodies[: number - 1], *bodies[number:]],
        "added": [*bodies[: number - 1], "slipped in", *bodies[number - 1 :]],
        "cut off": bodies[: number - 1],
        "older backup, and gone on with": [*bodies[: number - 1], *["afterwards"] * len(bodies)],
    }[how]
    log = chained(now)
    found = compare(anchors, hashes(log), len(log))
    assert found.covered == max(ends)
    if number > max(ends):
        assert found.breaches == ()
    elif how == "cut off" or number > len(log):
        assert f"entry {number} is missing" in found.breaches[0]
    else:
        assert f"entry {number} is not the one that was recorded" in found.breaches[0]


@given(histories())
def test_an_unchanged_log_leads_to_every_anchor(history) -> None:
    """Growing is no breach, whichever anchors there are and with or without the hashes of single entries."""
    bodies, ends, more = history
    log = chained([*bodies, *["later"] * more])
    for whole in (True, False):
        assert compare(anchored(log, ends, whole), hashes(log), len(log)).breaches == ()


@given(histories())
def test_the_head_alone_bounds_what_was_changed(history) -> None:
    """MLflow keeps no hashes of single entries: the anchors before and after still say between which the log differs."""
    bodies, ends, number = history
    anchors = anchored(chained(bodies), ends, whole=False)
    log = chained([*bodies[: number - 1], "forged", *bodies[number:]])
    found = compare(anchors, hashes(log), len(log))
    if number > max(ends):
        assert found.breaches == ()
        return
    before, after = max([0, *(e for e in ends if e < number)]), min(e for e in ends if e >= number)
    assert f"an entry from {before + 1} to {after} is not the one" in found.breaches[0]


def test_two_heads_of_one_length_are_a_breach() -> None:
    """A log that was rewritten and anchored again contradicts its earlier anchor, also where nothing else is left."""
    one, two = anchored(chained(["a"]), [1], whole=False), anchored(chained(["b"]), [1], whole=False)
    assert "name two heads" in compare([*one, *two], hashes(chained(["b"])), 1).breaches[0]


@given(st.binary(max_size=200))
def test_what_is_no_anchor_is_none(data) -> None:
    """A damaged file is no anchor, and no exception."""
    assert read(data.decode("utf-8", "replace")) is None
    whole = anchored(chained(["a", "b"]), [2])[0]
    assert read(whole.document()) == whole
    assert read(replace(whole, hashes=("0" * 64, whole.head)).document()) is None


@pytest.fixture
def signer(tmp_path: Path) -> FileSigner:
    """A key as the local stack makes it."""
    path = tmp_path / "anchor.key"
    path.write_text(base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("="))
    return FileSigner(path)


def test_a_signature_is_that_of_its_key_and_bytes_only(signer: FileSigner, tmp_path: Path) -> None:
    """Another byte, another key and a damaged signature are all refused; a file that is no key is named."""
    signature = signer.sign(b"head")
    assert is_signed(b"head", signature, signer.public_key)
    assert not is_signed(b"heaD", signature, signer.public_key)
    assert not is_signed(b"head", signature[:-2] + "zz", signer.public_key)
    assert not is_signed(b"head", signature, "00" * 32)
    (tmp_path / "short.key").write_text("short")
    with pytest.raises(ConfigurationError, match="GATEHOUSE_ANCHOR_KEY_FILE"):
        FileSigner(tmp_path / "short.key").sign(b"")


def run(file: Path, key: str) -> tuple[int, str]:
    """What the auditor's script says, by a Python that has nothing but itself."""
    done = subprocess.run([sys.executable, "-I", "-S", str(SCRIPT), str(file), key], capture_output=True, text=True)
    return done.returncode, done.stdout


def test_an_auditor_needs_the_file_the_key_and_a_short_script(signer: FileSigner, tmp_path: Path) -> None:
    """The script has at most 100 lines and imports the standard library only. It accepts the export, and refuses it after
    any change, under another key, and with the chain computed anew."""
    assert len(SCRIPT.read_text().splitlines()) <= 100
    log = chained(["a", "b", "für \N{SNOWMAN}"])
    text = "".join(export_lines(log)).encode()
    signed, file = seal(text, signer.public_key, signer.sign), tmp_path / "log.jsonl"
    file.write_bytes(signed)
    assert run(file, signer.public_key) == (0, "whole: every entry is as it was signed\n")
    assert unseal(signed)[0] == text
    assert run(file, "ab" * 32)[0] == 1
    forged = "".join(export_lines(chained(["a", "x", "y"]))).encode()
    last = signed.splitlines(keepends=True)[-1]
    for changed in (forged + last, signed.replace(b"ingest", b"nobody", 1), text, signed[:-2], b"", b"[]\n{}\n"):
        file.write_bytes(changed)
        assert run(file, signer.public_key)[0] == 1, changed
        export, found = unseal(changed)
        assert found is None or breaches_of(export, found, signer.public_key, is_signed)
