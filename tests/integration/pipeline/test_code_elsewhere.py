"""The whole loop with the use case's code in a process of its own."""

from __future__ import annotations

import sys

import pytest

from conftest import fresh_database
from gatehouse.adapters.code_process.models import ModelsElsewhere
from gatehouse.adapters.code_process.remote_code import RemoteCode
from gatehouse.adapters.ledger import open_ledger
from gatehouse.bootstrap import InstalledContext, isolated
from gatehouse.own_code import module_name
from gatehouse.settings import Settings
from gatehouse.use_case import load
from support.rides import FOUR_MONTHS, ctx, folder, looped, open_site, take  # noqa: F401 - four of them are fixtures

MEASURED = ("evidence", "reports")  # they hold seconds


def test_the_loop_is_the_same_where_the_code_runs_elsewhere(looped, open_site, ledger_server, ledger_template):
    """Every file of four months is that of the run in one process, byte for byte: features, training sets, models,
    references, predictions. `model.py` is never imported by the process that holds the credentials."""
    sys.modules.pop(module_name(looped.case.model_file), None)
    with fresh_database(ledger_server, ledger_template) as database:
        elsewhere = open_site()
        elsewhere.case = isolated(elsewhere.case)
        assert isinstance(elsewhere.case.process, RemoteCode)
        elsewhere.models = ModelsElsewhere(elsewhere.case.process, "", elsewhere.case.model_trust)
        elsewhere.ledger = open_ledger(database.url)
        for key in FOUR_MONTHS:
            take(elsewhere, key)
        champion = elsewhere.ledger.models.champion("rides")
    assert champion is not None
    assert champion.model.file == looped.ledger.models.champion("rides").model.file
    assert _stored(elsewhere.lake.files) == _stored(looped.lake.files)
    assert module_name(looped.case.model_file) not in sys.modules


def _stored(files: dict[str, bytes]) -> set[str]:
    return {path for path in files if not path.startswith(MEASURED)}


def test_what_is_installed_runs_its_code_elsewhere(folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task's context never imports `model.py` of a use case: not for its features, estimators, metrics or slices."""
    settings = Settings.from_environment({})
    installed = InstalledContext(load(folder), settings)
    assert isinstance(installed.case.process, RemoteCode)
    assert isinstance(installed.models, ModelsElsewhere)
    assert sorted(installed.case.estimators()) == ["boosting", "logistic"]
    assert installed.case.slices == ("group",)
    assert module_name(installed.case.model_file) not in sys.modules
    installed.case.process.process.close()
