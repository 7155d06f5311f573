"""Every time-out, age and poll interval of the product stands in one table, with its value."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from gatehouse.settings import ROOT

TABLE = ROOT / "docs" / "reference" / "timeouts.md"
CODE = ("include/gatehouse", "include/gatehouse_airflow", "plugins", "dags")
NAMED = re.compile(
    r"(^|_)(SECONDS\w*|TIMEOUT\w*|GRACE|PAUSES?|HOURS|MINUTES|BACKOFF|CYCLE|RETRIES|AFTER|PATIENCE|POLL)$"
)
KEYWORDS = re.compile(r"(^|_)(timeout|grace)$|^(seconds|max_age)$")
SETTING = re.compile(r"\b((?:AIRFLOW__|MLFLOW_HTTP)\w*(?:TIMEOUT|INTERVAL|SLEEP_TIME))\b\W+(\d[\d.]*)")
OPTION = re.compile(r"\b((?:\w+_)?(?:lock|statement|session)_timeout)=(\d+)")
NUMBER = re.compile(r"\d+(?:\.\d+)?")
NO_WAIT = {  # what looks like one and is none, by file and name, and why
    ("include/gatehouse_airflow/dag_defaults.py", "OFFICE_HOURS"): "a tag",
    ("include/gatehouse/core/data_faults/relations/time_zone_shift.py", "HOURS"): "the hours of a day in the data",
    ("include/gatehouse/pipeline/batch_data/batch_profiles.py", "CYCLE"): "batches in a week or a month of the data",
    ("include/gatehouse/core/contract/parameters.py", "_HOURS"): "a pattern of text",
}
DATA_TIME = {  # files whose lengths of time are those of data and messages, not of waiting
    "include/gatehouse/core/contract/batch_calendar.py": "the calendar of batches",
    "include/gatehouse/core/gate/self_test/mutants.py": "days of the evidence",
    "include/gatehouse/core/retraining/holdout_split.py": "days of the data",
    "include/gatehouse/core/notifications/planner.py": "the week of a limit of messages",
    "include/gatehouse/core/notifications/quiet_hours.py": "days of the calendar",
    "include/gatehouse/columns/values.py": "the resolution of timestamps",
    "include/gatehouse/columns/formats.py": "the resolution of timestamps",
    "include/gatehouse/core/config/base.py": "the longest span that a file may name",
}
Place = tuple[str, str]


def code() -> Iterator[tuple[str, ast.Module]]:
    """Each file of the product with its syntax tree."""
    for folder in CODE:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))


def constants(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """The constants of a module that are named like a length of time."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                pairs = [(target, node.value)]
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    pairs = list(zip(target.elts, node.value.elts, strict=True))
                yield from (
                    (name.id, value) for name, value in pairs if isinstance(name, ast.Name) and NAMED.search(name.id)
                )


def arguments(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """The lengths of time that are written where they are given, or are a parameter's default."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) != "timedelta":
            for given in node.keywords:
                if given.arg and KEYWORDS.search(given.arg) and isinstance(given.value, ast.Constant):
                    yield f"{given.arg}={ast.unparse(given.value)}", given.value
        if isinstance(node, ast.FunctionDef):
            defaults = node.args.defaults
            for argument, default in zip(node.args.args[len(node.args.args) - len(defaults) :], defaults, strict=True):
                if KEYWORDS.search(argument.arg) and isinstance(default, ast.Constant):
                    yield argument.arg, default


def spans(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """`timedelta(...)` that is not the value of a constant."""
    own = {id(node) for _, value in constants(tree) for node in ast.walk(value)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "timedelta" and id(node) not in own:
            yield ast.unparse(node), node


def found() -> dict[Place, str]:
    """Every length of time in the product, by file and name, with the first number of its value."""
    everything: dict[Place, str] = {}
    for file, tree in code():
        kinds = [constants(tree), arguments(tree)] + ([] if file in DATA_TIME else [spans(tree)])
        if file in DATA_TIME:
            kinds = [((name, value) for name, value in constants(tree) if "timedelta" not in ast.unparse(value))]
        for name, value in (pair for kind in kinds for pair in kind):
            everything[file, name] = ast.unparse(value)
        text = (ROOT / file).read_text(encoding="utf-8")
        everything |= {(file, name): number for name, number in OPTION.findall(text)}
    for file in (
        "docker-compose.yaml",
        "include/gatehouse/dev_stack/components.py",
        "include/gatehouse/library_settings.py",
        "include/gatehouse/adapters/mlflow/client.py",
    ):
        text = (ROOT / file).read_text(encoding="utf-8")
        everything |= {(file, name): number for name, number in SETTING.findall(text)}
    return {place: value for place, value in everything.items() if place not in NO_WAIT and value != "None"}


def listed() -> dict[Place, str]:
    """The rows of the table, by file and name, with their value."""
    rows = re.findall(
        r"^\| `([^`]+)` \| (\S+) \| ([^|]+) \|.+\|.+\|.+\|$", TABLE.read_text(encoding="utf-8"), re.MULTILINE
    )
    return {(file, name): value for name, file, value in rows}


def test_every_length_of_time_in_the_product_is_in_the_table() -> None:
    """A new time-out must be listed, with what happens on a machine ten times slower."""
    assert sorted(set(found()) - set(listed())) == []


def test_the_table_lists_nothing_that_is_gone() -> None:
    """A row whose name its file no longer has is stale; what is exempt from the table is still there as well."""
    gone = [place for place in listed() if place[1].partition("(")[0] not in (ROOT / place[0]).read_text("utf-8")
            and place not in found()]  # fmt: skip
    assert gone == []
    assert [place for place in NO_WAIT if place[1] not in (ROOT / place[0]).read_text("utf-8")] == []
    assert [file for file in DATA_TIME if "timedelta(" not in (ROOT / file).read_text("utf-8")] == []


@pytest.mark.parametrize(("place", "value"), sorted(found().items()), ids=lambda given: str(given)[-60:])
def test_the_table_says_the_value_that_the_code_has(place: Place, value: str) -> None:
    """The number in the row is the code's, in seconds, minutes or hours as it is written there."""
    number = re.search(r"seconds=(\d+)|minutes=(\d+)", value) or NUMBER.search(value)
    assert number is not None, value
    wanted = float(NUMBER.findall(number[0])[0])
    said = float(NUMBER.findall(listed()[place])[0])
    assert said in (wanted, wanted / 60_000)


def test_no_task_has_a_limit_that_the_table_does_not_name() -> None:
    """The `execution_timeout` of a task is a constant of `dag_defaults`, whose value the table has; never a number."""
    given = [(file, node.value) for file, tree in code() for node in ast.walk(tree)
             if isinstance(node, ast.keyword) and node.arg == "execution_timeout"]  # fmt: skip
    named = {name for file, name in listed() if file == "include/gatehouse_airflow/dag_defaults.py"}
    assert len(given) > 1
    assert [(file, ast.unparse(value)) for file, value in given if ast.unparse(value) not in named] == []
