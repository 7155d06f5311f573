"""Every piece of a YAML file in the documents is one that the loader takes."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any

import pytest
import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError

from gatehouse.cli.scaffold import MODELS
from gatehouse.core.config.contract import OutcomesSpec, TableSpec
from gatehouse.settings import ROOT

BLOCK = re.compile(r"(?ms)^( *)```yaml\n(.*?)^ *```")
LINE = re.compile(r"(?m)^ {4}(\w+: .*\S) +# (contract|gate|retrain|notify)\.yaml$")
PARTS: dict[str, type[BaseModel]] = {**MODELS, "outcomes": OutcomesSpec, "table": TableSpec}


def pieces() -> list[tuple[str, str]]:
    """Every YAML block and every line that names its file: the page, and the text."""
    found = []
    for page in sorted((ROOT / "docs").rglob("*.md")):
        text, name = page.read_text(encoding="utf-8"), str(page.relative_to(ROOT))
        found += [(name, block) for _, block in BLOCK.findall(text)]
        found += [(name, f"{line}\n") for line, _ in LINE.findall(BLOCK.sub("", text))]
    return found


def value_of(model: type[BaseModel], key: str) -> TypeAdapter[Any]:
    """What the loader takes for a key."""
    field = model.model_fields[key]
    return TypeAdapter(Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation)


def problems(document: dict[str, Any], model: type[BaseModel]) -> list[str]:
    """What is wrong with a whole file, or with each key of a part of one."""
    try:
        if all(key in document for key, field in model.model_fields.items() if field.is_required()):
            model.model_validate_json(json.dumps(document))
        for key, value in document.items():
            value_of(model, key).validate_json(json.dumps(value))
    except ValidationError as error:
        return [str(error)]
    return []


def faults(text: str) -> list[str]:
    """What is wrong with a piece: it must be good for one of the files that have all its keys."""
    document = yaml.safe_load(text)
    known = [model for model in PARTS.values() if document.keys() <= model.model_fields.keys()]
    if not known:
        return [f"no file has all of these keys: {', '.join(document)}"]
    found = [problems(document, model) for model in known]
    return [] if not all(found) else [sentence for each in found for sentence in each]


@pytest.mark.parametrize(("page", "text"), pieces())
def test_the_loader_takes_what_the_documents_show(page: str, text: str) -> None:
    """A whole file is a valid one, and each key of a part of a file has a valid value."""
    assert not faults(text), page


def test_a_wrong_piece_is_found() -> None:
    """An unknown key and a value that is not allowed are found, in a part of a file too."""
    assert faults("tables: {a: {key: [x], columns: {x: text}}}\n")
    assert faults("cooldown: 3\n")
    assert faults("frequency: decade\n")
    assert not faults("frequency: hour\n")


def test_the_documents_have_pieces() -> None:
    """The patterns still find the blocks, and the lines that name their file."""
    found = pieces()
    assert len(found) > 30
    assert any(text.startswith("late_after: ") for _, text in found)
