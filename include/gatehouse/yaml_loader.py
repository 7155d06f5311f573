"""Reads a YAML file into a strict model; every error names the file, the line, what was found and what is allowed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from gatehouse.core.config.base import Spec
from gatehouse.errors import ConfigurationError, MultipleFaultsError
from gatehouse.yaml_renames import old_names

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
M = TypeVar("M", bound=BaseModel)
_MAX_BYTES, _MAX_NODES, _MAX_DEPTH = 1_000_000, 100_000, 50  # a file written by people; aliases count as often as used


def read_spec(path: Path, model: type[M], owner: str) -> M:
    """Read `path` as `model`; raises ConfigurationError with up to five faults, the first one's line in front."""
    return parse_spec(path, read_text(path, owner), model, owner)


def read_text(path: Path, owner: str) -> str:
    """The text of a YAML file, its line ends as they are; ConfigurationError when it cannot be read or is too large."""
    try:
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError("cannot be read", where=str(path), found=str(error), owner=owner) from error
    if len(text) > _MAX_BYTES:
        found, allowed = f"{len(text):,} characters", f"{_MAX_BYTES:,}"
        raise ConfigurationError("the file is too large", where=str(path), found=found, allowed=allowed, owner=owner)
    return text


def parse_spec(path: Path, text: str, model: type[M], owner: str) -> M:
    """Read the text of the file `path` as `model`, as `read_spec` does."""
    node = _compose(path, text, owner)
    _refuse_bombs(path, node, owner)
    _refuse_repeated_keys(path, node, owner)
    _refuse_old_names(path, node, model, owner)
    data = _loaded(path, text, owner)
    try:
        return model.model_validate_json(json.dumps(data, default=str))
    except ValidationError as error:
        raise MultipleFaultsError([_fault(fault, node, model, path, owner) for fault in error.errors()]) from None


def line_of(path: Path, steps: Sequence[str | int]) -> int:
    """Return the line of the key that `steps` lead to in a YAML file that can be read, or of its nearest parent."""
    node = yaml.compose(path.read_text(encoding="utf-8"), Loader=Loader)
    return _line(node, steps) if node is not None else 1


def _compose(path: Path, text: str, owner: str) -> yaml.Node:
    try:
        node = yaml.compose(text, Loader=Loader)
    except (yaml.YAMLError, RecursionError, UnicodeEncodeError) as error:
        raise _invalid(path, error, owner) from None
    if not isinstance(node, yaml.MappingNode):
        raise ConfigurationError("the file must hold keys and values", where=str(path), owner=owner)
    return node


def _loaded(path: Path, text: str, owner: str) -> Any:
    """The values. Tags of other types than plain ones, dates that no calendar has and keys that are lists end here."""
    try:
        return yaml.load(text, Loader=Loader)  # noqa: S506 - a safe loader, in C where there is one
    except (yaml.YAMLError, ValueError, TypeError) as error:
        raise _invalid(path, error, owner) from None


def _invalid(path: Path, error: Exception, owner: str) -> ConfigurationError:
    mark = getattr(error, "problem_mark", None)
    where = f"{path}:{mark.line + 1}" if mark else str(path)
    found = getattr(error, "problem", None) or str(error)
    return ConfigurationError("not valid YAML", where=where, found=found, owner=owner)


def _refuse_bombs(path: Path, root: yaml.Node, owner: str) -> None:
    """An alias is written once and unpacked as often as it is used: what that comes to is counted before it is done."""
    waiting, count = [(root, 0)], 0
    while waiting:
        node, depth = waiting.pop()
        count += 1
        if count > _MAX_NODES or depth > _MAX_DEPTH:
            found = f"more than {_MAX_NODES:,} values" if count > _MAX_NODES else f"more than {_MAX_DEPTH} levels"
            where = f"{path}:{node.start_mark.line + 1}"
            raise ConfigurationError("the file unpacks to too much", where=where, found=found, owner=owner)
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                _refuse_strange_key(path, key, owner)
                waiting.append((value, depth + 1))
        elif isinstance(node, yaml.SequenceNode):
            waiting += [(item, depth + 1) for item in node.value]


def _refuse_strange_key(path: Path, key: yaml.Node, owner: str) -> None:
    where = f"{path}:{key.start_mark.line + 1}"
    if not isinstance(key, yaml.ScalarNode):
        raise ConfigurationError("a key must be a word", where=where, found="a list or a mapping", owner=owner)
    if key.tag.rpartition(":")[2] in ("bool", "null"):
        what = f"unknown key `{key.value}`, which YAML reads as {key.tag.rpartition(':')[2]}"
        raise ConfigurationError(what, where=where, owner=owner)


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


def _refuse_old_names(path: Path, node: yaml.Node, model: type[BaseModel], owner: str) -> None:
    """A key or a value by its name of an earlier version: one error names all of today's."""
    found = old_names(node, model.renamed_keys) if issubclass(model, Spec) else []
    if found:
        now = ", ".join(dict.fromkeys(f"`{one.old}` is now `{one.new}`" for one in found))
        where = f"{path}:{found[0].line}"
        raise ConfigurationError(f"{now}; run `gatehouse use-case upgrade {path.parent}`", where=where, owner=owner)


def _fault(fault: Any, node: yaml.Node, model: type[BaseModel], path: Path, owner: str) -> ConfigurationError:
    loc = tuple(fault["loc"])
    dotted = ".".join(str(step) for step in loc) or "the file"
    where = f"{path}:{_line(node, loc)}"
    if fault["type"] == "extra_forbidden":
        allowed = ", ".join(_siblings(model.model_json_schema(), loc[:-1])) or "no key at all"
        return ConfigurationError(f"unknown key `{dotted}`", where=where, allowed=allowed, owner=owner)
    if fault["type"] == "missing":
        return ConfigurationError(f"key `{dotted}` is missing", where=where, owner=owner)
    found = json.dumps(fault["input"], default=str)[:120]
    return ConfigurationError(f"`{dotted}`: {fault['msg']}", where=where, found=found, owner=owner)


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
