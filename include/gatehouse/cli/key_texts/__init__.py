"""What each key of the four YAML files means, with an example: for the schemas of editors and the reference pages."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

RULE = "Rule"  # the part whose keys every rule of gate.yaml has


@dataclass(frozen=True)
class KeyText:
    """What a key means, in half a sentence, and a value that is valid for it."""

    meaning: str
    example: Any


@dataclass(frozen=True)
class Part:
    """One part of a file, such as `triggers`: the model that reads it, and its keys."""

    model: str
    heading: str
    intro: str
    keys: dict[str, KeyText]


@cache
def parts(file: str) -> tuple[Part, ...]:
    """The parts of `contract`, `retrain`, `gate` or `notify`, from the top of the file on."""
    text = (Path(__file__).parent / f"{file}.yaml").read_text(encoding="utf-8")
    return tuple(
        Part(model, part["heading"], part["intro"], {key: KeyText(*pair) for key, pair in part["keys"].items()})
        for model, part in yaml.safe_load(text).items()
    )


def described(schema: dict[str, Any], file: str) -> dict[str, Any]:
    """The JSON schema of a file with the meaning and an example of each key."""
    texts = {part.model: part.keys for part in parts(file)}
    models = {schema["title"]: schema, **schema.get("$defs", {})}
    return {
        **_described(schema, texts.get(schema["title"], {})),
        "$defs": {name: _described(model, _texts_of(name, model, texts)) for name, model in models.items()
                  if model is not schema},
    }  # fmt: skip


def _texts_of(name: str, model: dict[str, Any], texts: dict[str, dict[str, KeyText]]) -> dict[str, KeyText]:
    is_rule = "rule" in model.get("properties", {})
    return texts.get(RULE if is_rule else name, {})


def _described(model: dict[str, Any], texts: dict[str, KeyText]) -> dict[str, Any]:
    properties = {
        key: {**value, "description": texts[key].meaning, "examples": [texts[key].example]} if key in texts else value
        for key, value in model.get("properties", {}).items()
    }
    return {**model, "properties": properties} if properties else model
