"""Rewrites the YAML files of a use case that have keys of an earlier version, in place: comments and layout stay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import BaseModel

from gatehouse.core.config.base import Spec
from gatehouse.core.config.contract import Contract
from gatehouse.core.config.gate import GatePolicy
from gatehouse.core.config.notify import NotifyConfig
from gatehouse.core.config.retrain import RetrainPolicy
from gatehouse.errors import ConfigurationError, InvalidInputError
from gatehouse.use_case import OWNERS
from gatehouse.yaml_loader import parse_spec, read_text
from gatehouse.yaml_renames import OldName, rewritten

MODELS: Mapping[str, type[Spec]] = {
    "contract.yaml": Contract, "retrain.yaml": RetrainPolicy, "gate.yaml": GatePolicy, "notify.yaml": NotifyConfig,
}  # fmt: skip


@dataclass(frozen=True)
class UpgradedFile:
    """One file: its text by today's names, and what was replaced; nothing where it had no old name."""

    path: Path
    text: str
    changes: tuple[OldName, ...]


def upgrade(place: Path) -> list[UpgradedFile]:
    """Rewrite a use-case folder, or one of the four files. Nothing is written when a file would not load afterwards:
    then a ConfigurationError says which and why. A second run changes nothing."""
    files = [_upgraded(path) for path in _files(place)]
    for file in files:
        if file.changes:
            _replace(file.path, file.text)
    return files


def _files(place: Path) -> list[Path]:
    files = [place] if place.is_file() else [place / name for name in MODELS]
    there = [path for path in files if path.name in MODELS and path.is_file()]
    if not there:
        raise InvalidInputError(
            "there is nothing to upgrade", found=str(place), allowed=f"a folder with {', '.join(MODELS)}"
        )
    return there


def _upgraded(path: Path) -> UpgradedFile:
    model, owner = MODELS[path.name], OWNERS.get(path.name, "platform")
    before = read_text(path, owner)
    try:
        text, changes = rewritten(before, model.renamed_keys)
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigurationError(
            "not valid YAML; nothing was written", where=str(path), found=str(error), owner=owner
        ) from None
    _check(path, text, model, owner)
    return UpgradedFile(path, text, tuple(changes))


def _check(path: Path, text: str, model: type[BaseModel], owner: str) -> None:
    """The text must load: a file that is wrong for another reason is put right before it is upgraded."""
    try:
        parse_spec(path, text, model, owner)
    except ConfigurationError as error:
        what = f"it would not load after the upgrade, so nothing was written: {error}"
        raise ConfigurationError(what, where=str(path)) from None


def _replace(path: Path, text: str) -> None:
    """Written beside it and moved: an interrupted upgrade leaves a whole file, with the rights that it had."""
    beside = path.with_name(f".{path.name}.upgrade")
    beside.write_bytes(text.encode())
    beside.chmod(path.stat().st_mode)
    beside.replace(path)
