"""The reference pages of the four YAML files: each key with its type, default, meaning and an example."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import yaml

from gatehouse.cli.key_texts import RULE, KeyText, Part, parts
from gatehouse.cli.scaffold import MODELS

Schema = dict[str, Any]
READERS = {
    "contract": "data engineers",
    "retrain": "data scientists",
    "gate": "risk owners",
    "notify": "platform engineers",
}
MORE = {
    "contract": "[Column types](contract-columns.md) has each type, and [file dialects](file-dialects.md) what stays exact.",
    "retrain": "[Monitoring and retraining](retraining.md) explains what starts a training and what holds it back.",
    "gate": "[Gate rules](gate.md) explains every rule, and [write your gate](../how-to/write-a-gate.md) shows how to begin.",
    "notify": "[Notifications](../how-to/notifications.md) shows a whole file, and [alerts](alerts.md) has the kinds of alert.",
}
SHARED = {"rule", "description", "on_fail", "mode", "of_class"}
RULE_INTRO = (
    "The own keys of each rule. The name of the rule leads to what its keys mean, with an example and a number."
)


def _joined(words: list[str], last: str = "or") -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def _bounds(schema: Schema) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f" from {low:,} to {high:,}"
    if "exclusiveMinimum" in schema:
        return f" above {schema['exclusiveMinimum']}" + (f", up to {high}" if high is not None else "")
    return f" from {low:,} on" if low is not None else f" up to {high:,}" if high is not None else ""


def _object(schema: Schema, defs: Schema) -> str:
    values = schema.get("additionalProperties") or next(iter(schema.get("patternProperties", {}).values()), True)
    return f"mapping to {type_of(values, defs)}" if isinstance(values, dict) else "mapping"


def type_of(schema: Schema, defs: Schema) -> str:
    """The type of a key in words."""
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        kinds = [type_of(each, defs) for each in choices if each.get("type") != "null"]
        return _joined(list(dict.fromkeys(kinds)))
    if "$ref" in schema:
        target = defs[schema["$ref"].rpartition("/")[2]]
        return type_of(target, defs) if "enum" in target else "mapping"
    if "enum" in schema:
        return _joined([f"`{value}`" for value in schema["enum"]])
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("type") == "array":
        items = schema.get("items", {})
        return f"list of {type_of(items, defs)}" if items else "list"
    names = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}
    if schema.get("type") == "object":
        return _object(schema, defs)
    return "span" if schema.get("format") == "span" else f"{names.get(schema.get('type', ''), 'any')}{_bounds(schema)}"


def _default(schema: Schema, required: bool) -> str:
    if required:
        return "required"
    value = schema.get("default")
    if value is None or value in ([], {}, ""):
        return "none"
    if isinstance(value, dict):
        set_keys = {key: each for key, each in value.items() if each not in (None, [])}
        return f"`{flow(set_keys)}`" if len(set_keys) < 4 else "each key's own default"
    return f"`{flow(value)}`"


def flow(value: Any) -> str:
    """A value as YAML in one line."""
    return (
        yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10_000, allow_unicode=True)
        .removesuffix("\n...\n")
        .strip()
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _key(name: str, text: KeyText, schema: Schema, defs: Schema, required: bool) -> str:
    cells = (f"`{name}`", type_of(schema, defs), _default(schema, required), text.meaning)
    return f"| {' | '.join(map(_cell, cells))} | `{_cell(f'{name}: {flow(text.example)}')}` |"


def model_of(part: Part, schema: Schema) -> Schema:
    """The schema of the model behind a part of a file; for `Rule` that of any rule."""
    if part.model == schema["title"]:
        return schema
    return next(
        model for name, model in schema["$defs"].items()
        if name == part.model or (part.model == RULE and "rule" in model.get("properties", {}))
    )  # fmt: skip


def section(part: Part, schema: Schema) -> Iterator[str]:
    """The lines of a part: its heading, a sentence, and a row for each key."""
    model, defs = model_of(part, schema), schema.get("$defs", {})
    required = model.get("required", [])
    yield from (f"## {part.heading}", "", part.intro, "")
    yield from ("| key | type | default | meaning | example |", "|---|---|---|---|---|")
    for name, text in part.keys.items():
        properties = model["properties"][name]
        shown = {"type": "string"} if part.model == RULE and name == "rule" else properties
        yield _key(name, text, shown, defs, name in required)
    yield ""


def rules(schema: Schema) -> Iterator[str]:
    """The own keys of each rule of the gate."""
    yield from (RULE_INTRO, "", "| rule | key | type | default |", "|---|---|---|---|")
    for model in sorted(schema["$defs"].values(), key=lambda each: str(each.get("properties", {}).get("rule"))):
        properties = model.get("properties", {})
        if "rule" not in properties:
            continue
        rule = properties["rule"]["const"]
        own = {name: value for name, value in properties.items() if name not in SHARED}
        for name, value in own.items() or [("", {})]:
            cells = ("", "", "") if not name else (
                f"`{name}`", type_of(value, schema["$defs"]), _default(value, name in model["required"])
            )  # fmt: skip
            yield f"| [`{rule}`](gate.md#{rule}) | {' | '.join(map(_cell, cells))} |"
    yield ""


def page(file: str) -> str:
    """The reference page of `contract`, `retrain`, `gate` or `notify`."""
    schema = json.loads(json.dumps(MODELS[file].model_json_schema()))
    lines = [f"# Keys of {file}.yaml", ""]
    lines += [
        f"For {READERS[file]}. You find every key, with its type, default, meaning and an example. {MORE[file]}",
        "",
    ]
    lines += [f"    gatehouse use-case schema {file}      # the same for your editor", ""]
    lines += [
        "A *span* is a number and a unit, such as `30 minutes`, `6 hours`, `14 days` or `2 months`. An unknown key is an error.",
        "",
    ]
    for part in parts(file):
        lines += section(part, schema)
        lines += rules(schema) if part.model == RULE else []
    return "\n".join(lines).rstrip() + "\n"
