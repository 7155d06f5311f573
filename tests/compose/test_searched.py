"""The search for secrets of `tests/compose/run` finds what is there, however it is packed, and notices when it is blind."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from compose.engine import CASE, Failed
from compose.searched import IN_FILES, SEEN, in_text, judge, wanted
from compose.watched import values

CANARY = "canary-5d1e09"


def searched(folder: Path) -> dict:
    """What the program that runs in the containers says of a folder."""
    asked = json.dumps({"values": wanted({"ledger_password": CANARY}), "folders": [str(folder)]})
    done = subprocess.run([sys.executable, "-c", IN_FILES], input=asked, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["found"]


def test_a_secret_is_found_however_the_file_is_packed(tmp_path: Path) -> None:
    """In the member of an archive, a text column of Parquet, a gzip and a plain file; and nothing where there is none."""
    packings = {
        "plain": lambda path, text: path.write_text(text),
        "gzip": lambda path, text: path.write_bytes(gzip.compress(text.encode())),
        "archive": lambda path, text: zipped(path, text),
        "parquet": lambda path, text: pd.DataFrame({"note": [text] * 1000}).to_parquet(path, compression="zstd"),
    }
    for name, pack in packings.items():
        folder = tmp_path / name
        folder.mkdir()
        pack(folder / "clean", f"of {CASE} a word\n" * 50)
        (folder / "dirty").mkdir()
        pack(folder / "dirty" / "file", f"{CASE} {CANARY} and more " * 50)
    found = {name: set(searched(tmp_path / name)) for name in packings}
    assert found == {key: {SEEN, "ledger_password"} for key in packings}
    (tmp_path / "plain/dirty/file").unlink()
    assert set(searched(tmp_path / "plain")) == {SEEN}


def zipped(path: Path, text: str) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inside.txt", text)


def test_a_secret_fails_the_run_and_so_does_a_search_that_sees_nothing() -> None:
    """The word that is in every place for certain is demanded; bytes as PostgreSQL writes them out are looked for too."""
    looked_for = wanted({"ledger_password": CANARY})
    judge("here", in_text(looked_for, f"all about {CASE}"))
    for text in (f"{CASE} {CANARY}", f"{CASE} \\x{CANARY.encode().hex()}", "nothing at all", ""):
        with pytest.raises(Failed, match="here"):
            judge("here", in_text(looked_for, text))


def test_a_scrape_is_read_by_measure_use_case_and_label() -> None:
    """What the run compares with the ledger is read out of Prometheus' text as it is."""
    text = (
        '# HELP x y\ngatehouse_batches{use_case="rides",state="accepted"} 6.0\ngatehouse_audit_log_entries_total 41.0\n'
    )
    assert values(text) == {("gatehouse_batches", "rides", "accepted"): 6, ("gatehouse_audit_log_entries_total",): 41}
