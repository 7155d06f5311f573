"""Reads a YAML file into a strict model; every error names the file, the line, what was found and what is allowed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from gatehouse.errors import ConfigurationError

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
M = TypeVar("M", bound=BaseModel)
_MAX_SHOWN = 5


def read_spec(path: Path, model: type[M], owner: str) -> M:
    """Read `path` as `model`; raises ConfigurationError with up to five faults, the first one's line in front."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError("cannot be read", where=str(path), found=str(error), owner=owner) from error
    node = _compose(path, text, owner)
    _refuse_repeated_keys(path, node, owner)
    data = yaml.load(text, Loader=Loader)  # noqa: S506 - a safe loader, in C where there is one
    try:
        return model.model_validate_json(json.dumps(data, default=str))
    except ValidationError as error:
        faults = [_sentence(fault, node, model, path) for fault in error.errors()]
        more = f" (and {len(faults) - _MAX_SHOWN} more)" if len(faults) > _MAX_SHOWN else ""
        raise ConfigurationError(" | ".join(faults[:_MAX_SHOWN]) + more, owner=owner) from None


def _compose(path: Path, text: str, owner: str) -> yaml.Node:
    try:
        node = yaml.compose(text, Loader=Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        found = getattr(error, "problem", None) or str(error)
        raise ConfigurationError("not valid YAML", where=where, found=found, owner=owner) from None
    if not isinstance(node, yaml.MappingNode):
        raise ConfigurationError("the file must hold keys and values", where=str(path), owner=owner)
    return node


def _refuse_repeated_keys(path: Path, node: yaml.Node, owner: str) -> None:
    """YAML keeps the last of two equal keys without a word; a policy must not lose a line that way."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                where = f"{path}:{key.start_mark.line + 1}"
                raise ConfigurationError("a key appears twice", where=where, found=repr(key.value), owner=owner)
            seen.add(key.value)
            _refuse_repeated_keys(path, value, owner)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_repeated_keys(path, item, owner)


def _sentence(fault: Any, node: yaml.Node, model: type[BaseModel], path: Path) -> str:
    loc = tuple(fault["loc"])
    dotted = ".".join(str(step) for step in loc) or "the file"
    line = _line(node, loc)
    if fault["type"] == "extra_forbidden":
        allowed = ", ".join(_siblings(model.model_json_schema(), loc[:-1])) or "no key at all"
        return f"{path}:{line}: unknown key `{dotted}`; allowed: {allowed}"
    if fault["type"] == "missing":
        return f"{path}:{line}: key `{dotted}` is missing"
    found = json.dumps(fault["input"], default=str)
    return f"{path}:{line}: `{dotted}`: {fault['msg']}; found {found[:120]}"


def _line(node: yaml.Node, loc: Sequence[Any]) -> int:
    """The line of the key that `loc` ends in, or of its nearest parent. Steps that only name a branch of a union
    are not in the file and are passed over."""
    line = node.start_mark.line + 1
    for step in loc:
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(step):
                    node, line = value, key.start_mark.line + 1
                    break
    return line


def _siblings(schema: dict[str, Any], loc: Sequence[Any]) -> list[str]:
    """The property names that the JSON schema allows at `loc`."""
    definitions = schema.get("$defs", {})
    current = schema
    for step in loc:
        current = _step(_resolve(current, definitions), step, definitions)
    return sorted(_resolve(current, definitions).get("properties", {}))


def _resolve(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = definitions[schema["$ref"].rsplit("/", 1)[1]]
    return schema


def _step(schema: dict[str, Any], step: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    mapping = schema.get("discriminator", {}).get("mapping", {})
    if step in mapping:
        return {"$ref": mapping[step]}
    for branch in schema.get("anyOf", []):
        found = _step(_resolve(branch, definitions), step, definitions)
        if found:
            return found
    if isinstance(step, int):
        return dict(schema.get("items", {}))
    properties = schema.get("properties", {})
    return dict(properties.get(step) or schema.get("additionalProperties") or {})
