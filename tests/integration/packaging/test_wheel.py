"""The wheel: what `pip install` brings works outside of a checkout."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from gatehouse import __version__
from gatehouse.settings import ROOT

PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built without the network."""
    out = tmp_path_factory.mktemp("dist")
    line = [*PIP, "wheel", "--no-deps", "--no-build-isolation", "--no-cache-dir", "--wheel-dir", str(out), str(ROOT)]
    subprocess.run(line, check=True, capture_output=True, timeout=300)
    (made,) = out.glob("*.whl")
    return made


def test_the_wheel_holds_what_the_code_reads(wheel: Path) -> None:
    """Templates, migrations and the types marker are in it; tests, use cases and caches are not."""
    names = ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert tops == {"gatehouse", "gatehouse_airflow", "gatehouse_ui", f"gatehouse-{__version__}.dist-info"}
    for suffix in (".sql", ".yaml", ".html", ".css", "py.typed"):
        assert any(name.endswith(suffix) for name in names), suffix
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


def test_the_installed_command_works_in_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    """`gatehouse` makes a use case there, checks it on real rows, and finds it again by its name."""
    site, folder = tmp_path / "site", tmp_path / "work"
    folder.mkdir()
    subprocess.run([*PIP, "install", "--no-deps", "--target", str(site), str(wheel)], check=True, timeout=300)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GATEHOUSE_", "PYTHON"))}

    def gatehouse(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, str(site / "bin" / "gatehouse"), *arguments], cwd=folder, timeout=600,
            env=environment | {"PYTHONPATH": str(site)}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert __version__ in gatehouse("--version")
    gatehouse("use-case", "new", "orders")
    assert (folder / "use_cases" / "orders" / "contract.yaml").is_file()
    assert "orders" in gatehouse("use-case", "check", "orders")
