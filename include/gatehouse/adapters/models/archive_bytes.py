"""The same fit gives the same bytes: what differs between two equal models is taken out of a skops archive.

skops names what it stores by addresses in memory and stamps entries with the time. Both are replaced, by numbers in the
order of appearance and one fixed date. Sets are sorted, and the seconds that a search took are zero. The number of
threads that histogram boosting was fitted with becomes one: no prediction uses it.
"""

from __future__ import annotations

import io
import itertools
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

SCHEMA, EPOCH = "schema.json", (1980, 1, 1, 0, 0, 0)


def canonical_archive(data: bytes, modules: Mapping[str, str], more: Mapping[str, bytes]) -> bytes:
    """The same archive in its one form, with modules renamed and further entries at its end."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    read = json.loads(entries.pop(SCHEMA))
    _remove_chance(read, entries)
    names: dict[str, str] = {}
    schema = _numbered(read, {}, names, itertools.count(1), modules)
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for old, new in names.items():
            archive.writestr(zipfile.ZipInfo(new, EPOCH), entries[old], zipfile.ZIP_DEFLATED)
        archive.writestr(zipfile.ZipInfo(SCHEMA, EPOCH), json.dumps(schema), zipfile.ZIP_DEFLATED)
        for name, content in more.items():
            archive.writestr(zipfile.ZipInfo(name, EPOCH), content, zipfile.ZIP_DEFLATED)
    return sink.getvalue()


def modules_in(schema: Any) -> set[str]:
    """The modules that an archive's types are of."""
    found, waiting = set(), [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            waiting += node.values()
            if isinstance(node.get("__module__"), str):
                found.add(node["__module__"])
        elif isinstance(node, list):
            waiting += node
    return found


def _numbered(
    node: Any, ids: dict[int, int], files: dict[str, str], numbers: Iterator[int], modules: Mapping[str, str]
) -> Any:
    """A node of the schema with new numbers. Which texts and numbers are one object in memory means nothing and differs
    between processes, so each of those gets a number of its own; objects that are shared stay shared."""
    if isinstance(node, list):
        return [_numbered(each, ids, files, numbers, modules) for each in node]
    if not isinstance(node, dict):
        return node
    made: dict[str, Any] = {}
    for key, value in node.items():
        if key == "__id__" and isinstance(value, int):
            made[key] = next(numbers) if node.get("is_json") else ids.setdefault(value, next(numbers))
        elif key == "file" and isinstance(value, str):
            made[key] = files.setdefault(value, f"{len(files) + 1}{value[value.rindex('.') :]}")
        elif key == "__module__" and isinstance(value, str):
            made[key] = _renamed(value, modules)
        elif key == "content" and node.get("__loader__") == "SetNode":
            made[key] = _numbered(sorted(value, key=_without_numbers), ids, files, numbers, modules)
        else:
            made[key] = _numbered(value, ids, files, numbers, modules)
    return made


def _renamed(module: str, modules: Mapping[str, str]) -> str:
    for old, new in modules.items():
        if module == old or module.startswith(f"{old}."):
            return new + module[len(old) :]
    return module


def _without_numbers(node: Any) -> str:
    """The text of a node without what differs between two equal ones: what the members of a set are sorted by."""
    return re.sub(r'"(__id__|file)": ("[^"]*"|\d+)', "", json.dumps(node))


def _remove_chance(schema: Any, entries: dict[str, bytes]) -> None:
    """Replace what the clock, an address in memory, the machine or the process's random numbers left behind: the seconds
    of a search, the place of stop words, the threads of a fit, and the generator of a distribution of a search."""
    waiting = [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        if not isinstance(node, dict):
            continue
        waiting += node.values()
        if node.get("__loader__") == "ObjectNode" and isinstance(node.get("content"), dict):
            attributes = node["content"].get("content") or {}
            if "cv_results_" in attributes:
                _forget_seconds(attributes, entries)
            if "_stop_words_id" in attributes:
                attributes["_stop_words_id"]["content"] = "null"
            if node["__class__"] == "_BinMapper" and "n_threads" in attributes:
                attributes["n_threads"]["content"] = "1"
            if str(node["__module__"]).startswith("scipy.stats.") and "_random_state" in attributes:
                _restart_generator(attributes["_random_state"], entries)


def _restart_generator(state: dict[str, Any], entries: dict[str, bytes]) -> None:
    import numpy as np

    if state.get("__loader__") != "RandomStateNode":
        return
    values = state["content"]["content"]
    _, key, position, *_ = np.random.RandomState(0).get_state(legacy=True)
    inner = values["state"]["content"]
    entries[inner["key"]["file"]] = _saved(key)
    inner["pos"]["content"], values["has_gauss"]["content"], values["gauss"]["content"] = str(position), "0", "0.0"


def _forget_seconds(search: dict[str, Any], entries: dict[str, bytes]) -> None:
    import numpy as np

    if search.get("refit_time_", {}).get("is_json"):
        search["refit_time_"]["content"] = "0.0"
    for name, array in search["cv_results_"].get("content", {}).items():
        if str(name).endswith(("_fit_time", "_score_time")) and array.get("file") in entries:
            entries[array["file"]] = _saved(np.zeros_like(np.load(io.BytesIO(entries[array["file"]]))))


def _saved(array: Any) -> bytes:
    import numpy as np

    sink = io.BytesIO()
    np.save(sink, array, allow_pickle=False)
    return sink.getvalue()
