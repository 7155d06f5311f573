"""The generated reference pages are those of the code, and every key has a meaning and an example that is valid."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
import yaml
from pydantic import BaseModel, TypeAdapter

from docs_site import yaml_pages
from docs_site.__main__ import PAGES, REFERENCE
from docs_site.invariants_page import BY_TESTS, MEANING
from gatehouse.cli.key_texts import RULE, described, parts
from gatehouse.cli.scaffold import MODELS
from gatehouse.core.config.gate import RULES
from gatehouse.invariants import INVARIANTS
from gatehouse.settings import ROOT

FILES = sorted(MODELS)
ROW = re.compile(r"^\| `(\w+)` \|.*\| `(\w+: .*)` \|$", re.MULTILINE)


def models_below(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """The model of a file and all models of its parts, by name."""
    found, waiting = dict[str, type[BaseModel]](), [model]
    while waiting:
        current = waiting.pop()
        if current.__name__ not in found:
            found[current.__name__] = current
            waiting += [each for field in current.model_fields.values() for each in _models_in(field.annotation)]
    return found


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _models_in(argument)


def own_models(file: str) -> dict[str, type[BaseModel]]:
    """The models of a file, with the rules of the gate as one."""
    rules = {rule.__name__ for rule in RULES.values()}
    found = {name: model for name, model in models_below(MODELS[file]).items() if name not in rules}
    return found | ({RULE: RULES["enough_rows"]} if file == "gate" else {})


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_up_to_date(name: str) -> None:
    """Each page is what the code gives now; `make docs-reference` writes them."""
    assert (REFERENCE / name).read_text(encoding="utf-8") == PAGES[name](), "run `make docs-reference`"


@pytest.mark.parametrize("file", FILES)
def test_each_key_has_a_meaning_and_an_example(file: str) -> None:
    """Every key that a file may have is explained, and no key that is gone."""
    texts = {part.model: set(part.keys) for part in parts(file)}
    keys = {name: set(model.model_fields) for name, model in own_models(file).items() if name != RULE}
    assert {name: found for name, found in texts.items() if name != RULE} == keys
    assert texts.get(RULE, yaml_pages.SHARED) == yaml_pages.SHARED


@pytest.mark.parametrize("file", FILES)
def test_each_example_is_valid(file: str) -> None:
    """The example of a key is a value that the loader takes, and the page shows it as valid YAML."""
    models = own_models(file)
    for part in parts(file):
        for key, text in part.keys.items():
            field = models[part.model].model_fields[key]
            hint = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
            if (part.model, key) != (RULE, "rule"):
                shown = yaml.safe_load(yaml_pages.flow(text.example))
                TypeAdapter(hint).validate_json(yaml_pages.json.dumps(shown))
    for key, example in ROW.findall(yaml_pages.page(file)):
        assert list(yaml.safe_load(example.replace("\\|", "|"))) == [key]


@pytest.mark.parametrize("file", FILES)
def test_editors_see_the_meaning_of_each_key(file: str) -> None:
    """The schema that `gatehouse use-case schema` prints has the meaning and an example of every key."""
    schema = described(MODELS[file].model_json_schema(), file)
    assert all("description" in each and each["examples"] for each in schema["properties"].values())


def test_each_invariant_is_explained() -> None:
    """Every invariant that is checked has a meaning, besides those that only tests can check."""
    assert set(MEANING) == {*INVARIANTS, *BY_TESTS}


def test_each_variable_is_in_the_reference() -> None:
    """Every variable that the code, the settings or the scripts name is in the reference, and no other."""
    page = (REFERENCE / "environment.md").read_text(encoding="utf-8")
    variable = re.compile(r"\bGATEHOUSE_[A-Z_]+[A-Z]\b")
    folders = ("include", "plugins", "dags", "docker", "bin", "benchmarks", ".ci", "tests")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    paths += [ROOT / name for name in ("docker-compose.yaml", ".env.example", "Dockerfile", "Makefile")]
    texts = {path: path.read_bytes().decode("utf-8", "ignore") for path in paths if path.suffix != ".pyc"}
    product = {name for path, text in texts.items() if "tests" not in path.parts for name in variable.findall(text)}
    everywhere = {name for text in texts.values() for name in variable.findall(text)}
    named = set(variable.findall(page))
    assert sorted(product - named) == []
    assert sorted(named - everywhere) == []
    settings = re.findall(r"(?m)^(?:# )?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"))
    assert sorted(name for name in settings if f"`{name}`" not in page) == []


def test_tables_of_the_ledger_that_pages_name_exist() -> None:
    """A page that says in which table of the ledger something is names one of the schema."""
    schema = ROOT / "include/gatehouse/adapters/ledger/migrations"
    made = {name for path in schema.rglob("*.sql") for name in re.findall(r"gatehouse\.([a-z_]+)", path.read_text())}
    pages = {page: page.read_text(encoding="utf-8") for page in (ROOT / "docs").rglob("*.md")}
    named = {(page.name, table) for page, text in pages.items() for table in re.findall(r"\bledger `([a-z_]+)`", text)}
    assert len(named) > 10
    assert sorted(each for each in named if each[1] not in made) == []
