"""The wheel: what `pip install` brings works outside of a checkout."""

from __future__ import annotations

import os
import subprocess
import sys
from configparser import ConfigParser
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


def test_airflow_finds_the_pages_and_the_provider_in_the_wheel(wheel: Path, tmp_path: Path) -> None:
    """The entry points that Airflow reads name a plugin and provider data that its own schema allows."""
    with ZipFile(wheel) as archive:
        (file,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        points = ConfigParser()
        points.read_string(archive.read(file).decode())
        archive.extractall(tmp_path)
    assert dict(points["airflow.plugins"]) == {"gatehouse": "gatehouse_ui.plugin:GatehousePlugin"}
    assert dict(points["apache_airflow_provider"]) == {"provider_info": "gatehouse_airflow.provider:get_provider_info"}
    code = (
        "import json, jsonschema, airflow; from pathlib import Path; from gatehouse_ui.plugin import GatehousePlugin; "
        "from gatehouse_airflow.provider import get_provider_info; from gatehouse_airflow.configure import OPTIONS; "
        "schema = json.loads((Path(airflow.__file__).parent / 'provider_info.schema.json').read_text()); "
        "jsonschema.validate(info := get_provider_info(), schema); "
        "from airflow.sdk._shared.module_loading import import_string; "
        "hooks = {each['connection-type']: import_string(each['hook-class-name']) for each in info['connection-types']}; "
        "assert all(hook.conn_type == kind and callable(hook.test_connection) for kind, hook in hooks.items()); "
        "assert set(info['config']['gatehouse']['options']) == set(OPTIONS)"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path), "AIRFLOW_HOME": str(tmp_path / "airflow")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr[-1500:]


def test_the_wheel_forces_no_team_to_take_what_its_airflow_does_without(wheel: Path) -> None:
    """Workers, logins, chat and object stores are extras: what is required is what `import` needs."""
    with ZipFile(wheel) as archive:
        (file,) = (name for name in archive.namelist() if name.endswith("METADATA"))
        lines = archive.read(file).decode().splitlines()
    required = [line for line in lines if line.startswith("Requires-Dist:") and "extra ==" not in line]
    assert any(" apache-airflow<" in line for line in required)
    assert not [line for line in required if any(name in line for name in ("celery", "fab", "slack", "boto3", "auth"))]


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
