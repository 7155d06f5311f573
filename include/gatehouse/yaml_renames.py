"""Old names in a YAML text: which nodes have one, and the text with those words replaced and every other byte kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from gatehouse.core.config.renamed_keys import Path, RenamedKeys


@dataclass(frozen=True)
class OldName:
    """A word of the text that has another name today; `line` counts from one, `start` and `end` are its place."""

    old: str
    new: str
    line: int
    start: int
    end: int

    def __str__(self) -> str:
        return f"line {self.line}: {self.old} -> {self.new}"


def old_names(root: yaml.Node, names: RenamedKeys) -> list[OldName]:
    """The keys and values that have another name today, in the order of the text; one that an alias repeats, once."""
    found = {(one.start, one.end, one.new): one for one in _walk(root, names, ())}
    return sorted(found.values(), key=lambda one: one.start)


def rewritten(text: str, names: RenamedKeys) -> tuple[str, list[OldName]]:
    """The text by today's names, and what was replaced in it; YAMLError when it is no YAML."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)  # the loader in C counts another way where a text has a BOM
    found = old_names(root, names) if root is not None else []
    for one in reversed(found):
        word = text[one.start : one.end].replace(one.old, one.new)
        text = text[: one.start] + word + text[one.end :]
    return text, found


def _walk(node: yaml.Node, names: RenamedKeys, path: Path) -> Iterator[OldName]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _entry(key, value, names, path)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _walk(item, names, (*path, "*"))
    elif isinstance(node, yaml.ScalarNode):
        yield from _differing(node, names.value(path, node.value))


def _entry(key: yaml.Node, value: yaml.Node, names: RenamedKeys, path: Path) -> Iterator[OldName]:
    if not isinstance(key, yaml.ScalarNode):
        return
    if key.value == "<<":  # the keys of a merged mapping are keys of this one
        yield from _walk(value, names, path)
        return
    name = names.key(path, key.value)
    yield from _differing(key, name)
    yield from _walk(value, names, (*path, name))


def _differing(node: yaml.ScalarNode, new: str) -> Iterator[OldName]:
    if new != node.value:
        start, end = node.start_mark, node.end_mark
        yield OldName(node.value, new, start.line + 1, start.index, end.index)
