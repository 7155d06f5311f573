"""The home of a stack: its credentials, its ports, its mark."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

import pytest

from gatehouse.dev_stack import stack
from gatehouse.dev_stack.stack_dir import StackDirectory, free_port
from gatehouse.errors import ConfigurationError


def test_credentials_are_generated_once_and_for_the_owner_only(tmp_path: Path):
    """The second reading gives the same passwords, says that they are not new, and nobody else may read the file."""
    home = StackDirectory(tmp_path / "home").prepare()
    first, made = home.credentials()
    again, made_again = home.credentials()
    assert (made, made_again, again) == (True, False, first)
    assert stat.S_IMODE((home.root / "credentials.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.root.stat().st_mode) == 0o700
    secrets = [*first["roles"].values(), *first["users"].values(), *first["keys"].values()]
    assert len(set(secrets)) == len(secrets)


def test_data_without_their_passwords_are_named_and_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A clone that was removed leaves a database where root keeps it: the next one at the same path says so at once."""
    home, data = StackDirectory(tmp_path / "home").prepare(), tmp_path / "data"
    data.mkdir()
    monkeypatch.setattr(stack.postgres, "data_of", lambda folder: data)
    with pytest.raises(ConfigurationError, match=r"passwords of the stack's database are gone.*make clean"):
        stack.up(home)
    assert not (home.root / "credentials.json").exists()
    assert data.is_dir()


def test_a_busy_port_is_moved_away_from_and_the_new_one_kept(tmp_path: Path):
    """A port somebody listens on is passed over; once it is settled, the ports stay the same."""
    home = StackDirectory(tmp_path).prepare()
    first = home.ports()
    assert home.ports() == first
    with socket.create_server(("127.0.0.1", first["airflow"])):
        moved = home.ports()
    assert moved["airflow"] > first["airflow"]
    assert home.ports() == moved
    assert len(set(moved.values())) == len(moved)


def test_a_port_that_is_busy_on_all_interfaces_is_busy():
    """A server on 0.0.0.0 holds the port on 127.0.0.1 as well."""
    with socket.create_server(("0.0.0.0", 0)) as other:
        port = other.getsockname()[1]
        assert free_port(port, set()) > port


def test_the_mark_is_the_homes_own_however_its_path_is_written(tmp_path: Path):
    """Two spellings of one folder have one mark, two folders have two."""
    (tmp_path / "b").mkdir()
    assert (
        StackDirectory(tmp_path / "b" / ".." / "a").mark
        == StackDirectory(tmp_path / "a").mark
        != StackDirectory(tmp_path / "b").mark
    )
