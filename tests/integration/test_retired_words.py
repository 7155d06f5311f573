"""No public name of an earlier version is left: not in code, YAML, documents or templates.

A name comes back by a copy of an old text. What keeps old names on purpose is in `ALLOWED`, and nothing else is.
"""

from __future__ import annotations

import ast
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest
import yaml

from gatehouse.cli.commands import NOUNS, RETIRED
from gatehouse.core.config.renamed_keys import CONTRACT, GATE, NOTIFY, RETRAIN, RULES, RenamedKeys
from gatehouse.settings import ROOT
from gatehouse.yaml_renames import old_names

ALLOWED = {
    "CHANGELOG.md",  # it says what was called how
    "include/gatehouse/core/config/renamed_keys.py",  # the table of the keys
    "include/gatehouse/cli/commands.py",  # the table of the commands
    "tests/unit/usecases/test_use_case_upgrade.py",  # what the upgrade is tried on
    "tests/integration/cli/test_commands.py",  # what an old command answers
    "tests/integration/test_retired_words.py",
}
ARCHIVE = "tests/archive/"  # decisions as they were recorded
TEXTS = (".py", ".md", ".yaml", ".yml", ".html", ".json", ".toml", ".sh", ".sql", ".css", "")

# Keys that are no words of English. The others are looked for in the YAML texts, where they are keys.
KEYS = [
    key.rpartition(".")[2] for names in (CONTRACT, GATE, RETRAIN) for key in names.keys if "_" in key.rpartition(".")[2]
]
COLUMNS = {"second_person", "at_least"}  # a column of the ledger; a function of the rules
ENVIRONMENT = [f"GATEHOUSE_{name}" for name in ("PROVE", "PICTURES", "HOME", "DASK", "SPARK", "LIGHT_SLOTS", "NOTIFY")]
METRICS = ["gatehouse_batches_held", "gatehouse_batch_held_seconds"]
# Names that are no words of English either.
CLASSES = [
    "InstalledSite",
    "BacktestSite",
    "FakeSite",
    "CheckSite",
    "GivenSite",
    "MemorySite",
    "MEASURED_BY",
    "HeldBack",
    "BatchTold",
    "PostgresTelling",
    "LineageWhole",
    "HandlesUnseen",
    "NotConstant",
    "SuspiciouslyGood",
    "TwoSided",
    "TablePart",
    "ToVerdict",
    "PartProfile",
    "ScoreInTurn",
    "AirflowCourier",
    "OnDemand",
    "WrongInput",
    "StaleAttempt",
    "StaleChampion",
    "NotAllowed",
    "UnknownRecord",
    "WatchReport",
    "DropFolder",
    "UseCaseModule",
    "NoTracking",
    "NotifySpec",
    "MessagesView",
]
MODULES = r"gatehouse\.(?:site|stages|local|views|watching|report|verify|tracking|brought|yaml_spec|core\.(?:telling|records|specs|canaries|acts|again|change|profile|related))\b"
WORDS = re.compile(
    rf"(?:(?<![\w-])|(?<=\\n))(?:{'|'.join([*(set(KEYS) - COLUMNS), *(set(RULES) - {'reproduces'}), *ENVIRONMENT, *METRICS, *CLASSES])})(?!\w)|\b{MODULES}"
)
TARGETS = re.compile(r"\bmake (?:prove|prove-mutants|bench|spark)\b(?!-)")
COMMANDS = re.compile(
    rf"(?<![\w./-])gatehouse (?:{'|'.join(sorted(set(RETIRED) - set(NOUNS), key=len, reverse=True))})(?![\w-])"
)
OPTIONS = re.compile(r"gatehouse [^`\n]*\s(?:--by|--last|--export|--out)(?![\w-])")
# Which file a YAML text is of: by keys that only that file has.
FILES: dict[frozenset[str], RenamedKeys] = {
    frozenset({"tables"}): CONTRACT, frozenset({"outcomes"}): CONTRACT, frozenset({"rules", "metric"}): GATE,
    frozenset({"task"}): RETRAIN, frozenset({"recipients"}): NOTIFY,
}  # fmt: skip


@cache
def texts() -> dict[str, str]:
    """Every text of the repository by its path; where there is no git, as in an unpacked archive, every file there is."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    there = listed or [str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if not ignored(path)]
    names = [
        name for name in there if Path(name).suffix in TEXTS and name not in ALLOWED and not name.startswith(ARCHIVE)
    ]
    return {
        name: (ROOT / name).read_text(encoding="utf-8", errors="replace") for name in names if (ROOT / name).is_file()
    }


def ignored(path: Path) -> bool:
    """Whether a file is no file of the repository."""
    return any(
        part in (".venv", ".git", ".gatehouse", "node_modules") or part.endswith("_cache__") for part in path.parts
    )


def found(pattern: re.Pattern[str]) -> list[str]:
    """`file:line: word` for every place."""
    return [
        f"{name}:{number}: {match[0]}"
        for name, text in texts().items()
        for number, line in enumerate(text.splitlines(), 1)
        for match in pattern.finditer(line)
    ]


@pytest.mark.parametrize(
    "pattern", [WORDS, TARGETS, COMMANDS, OPTIONS], ids=["words", "targets", "commands", "options"]
)
def test_no_retired_word_is_left(pattern: re.Pattern[str]) -> None:
    """Keys, rules, variables, metrics, classes, modules, targets, commands and options: each by its name of today."""
    assert found(pattern) == []


def yaml_texts(name: str, text: str) -> list[str]:
    """The YAML texts of a file: itself, the blocks of a document, the texts in Python code."""
    if name.endswith((".yaml", ".yml")):
        return [text]
    if name.endswith(".md"):
        return re.findall(r"```ya?ml\n(.*?)```", text, flags=re.DOTALL)
    if not name.endswith(".py"):
        return []
    constants = (node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant))
    return [value for value in constants if isinstance(value, str) and value.count("\n") > 2]


def old_keys(text: str) -> list[str]:
    """The old keys of a text that is one of the four files; none in other texts."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return []
    keys = {key.value for key, _ in node.value} if isinstance(node, yaml.MappingNode) else set()
    return [str(one) for marks, names in FILES.items() if marks <= keys for one in old_names(node, names)]


def test_no_yaml_text_has_an_old_key() -> None:
    """Files, blocks in documents and texts in tests that are one of the four files have no old key or value."""
    assert {
        name: old for name, text in texts().items() for one in yaml_texts(name, text) if (old := old_keys(one))
    } == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("task: classification\ncooldown: 1\n", ["line 2: cooldown -> cooldown_batches"]),
        ("metric: mae\nrules: [{rule: reproduces}]\n", ["line 2: reproduces -> reproducible"]),
        ("cooldown: 1\n", []),
    ],
)
def test_an_old_key_would_be_found(text: str, words: list[str]) -> None:
    """The search finds an old key in a text of the file that has it, and takes no other text for one."""
    assert old_keys(text) == words


def test_every_allowed_place_is_there() -> None:
    """The list of allowed places has no place that is gone."""
    assert [name for name in ALLOWED if not (ROOT / name).is_file()] == []
