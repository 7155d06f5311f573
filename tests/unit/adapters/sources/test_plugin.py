from __future__ import annotations

from importlib.metadata import EntryPoint, EntryPoints

import pytest

from gatehouse.adapters.sources import open_source
from gatehouse.adapters.sources import plugin as plugin_module
from gatehouse.errors import ConfigurationError, SourceError
from gatehouse.ports import Source
from support.contracts import contract


class Feed(Source):
    """A source kind of another package."""

    def __init__(self, contract, folder, options) -> None:
        self.options = options

    def available(self):
        return []

    def fetch(self, key, interval):
        return {}

    def outcomes(self, key, interval):
        return None


def broken(contract, folder, options):
    """A plugin that fails."""
    raise KeyError("feed")


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch):
    """Three kinds that an installed package would register."""
    points = EntryPoints(
        EntryPoint(name, f"{__name__}:{what}", plugin_module.GROUP)
        for name, what in (("feed", "Feed"), ("broken", "broken"), ("number", "len"))
    )
    monkeypatch.setattr(plugin_module, "entry_points", lambda group: points.select(group=group))


def test_a_registered_kind_is_opened_with_its_options(installed, tmp_path) -> None:
    """A source kind from outside needs an entry point and nothing else."""
    spec = contract(source={"kind": "plugin", "name": "feed", "options": {"topic": "rides"}})
    assert open_source(spec, tmp_path).options == {"topic": "rides"}


def test_an_unknown_kind_names_the_known(installed, tmp_path) -> None:
    """A name that nobody registered says which there are."""
    with pytest.raises(ConfigurationError, match="found 'kafka'; allowed: broken, feed, number"):
        open_source(contract(source={"kind": "plugin", "name": "kafka"}), tmp_path)


@pytest.mark.parametrize("name", ["broken", "number"])
def test_a_plugin_that_fails_is_a_source_error(installed, tmp_path, name) -> None:
    """What a plugin raises is a SourceError that names it."""
    with pytest.raises(SourceError, match=f"source plugin '{name}' raised"):
        open_source(contract(source={"kind": "plugin", "name": name}), tmp_path)
