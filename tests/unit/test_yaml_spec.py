"""Bad input gets one clear error: file, line, key, found, allowed, whose."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatehouse.core.config.retrain import RetrainPolicy
from gatehouse.errors import ConfigurationError, ModelError, UnknownUseCaseError
from gatehouse.settings import ROOT, Settings
from gatehouse.use_case import find, folders, load
from gatehouse.yaml_loader import read_spec

TEMPLATE = ROOT / "include" / "gatehouse" / "cli" / "template"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "template"
    shutil.copytree(TEMPLATE, made, ignore=shutil.ignore_patterns("__pycache__"))
    return made


def edited(folder: Path, name: str, old: str, new: str) -> Path:
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1))
    return folder


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("gate.yaml", "no_champion:", "no_champions:", r"gate\.yaml:4: unknown key `no_champions`; allowed: .*no_champion.*risk owner"),
        ("gate.yaml", "metric: log_loss\nno_champion", "metric: logloss\nno_champion", r"gate\.yaml:3: `metric`: .*logloss.*allowed.*log_loss"),
        ("gate.yaml", "rule: enough_rows", "rule: enough_cows", r"gate\.yaml:\d+: .*enough_cows.*enough_rows"),
        ("gate.yaml", "min_rows: 1000", "min_rows: many", r"gate\.yaml:11: .*min_rows`: .*integer; found \"many\""),
        ("gate.yaml", "metric: log_loss\n", "metric: log_loss\nmetric: brier\n", r"gate\.yaml:4: a key appears twice; found 'metric'"),
        ("retrain.yaml", "task: classification\n", "", r"retrain\.yaml:\d+: key `task` is missing.*data scientist"),
        ("retrain.yaml", "cooldown_batches: 1", "cooldown_batches: [", r"retrain\.yaml:\d+: not valid YAML"),
        ("contract.yaml", "frequency: month", "frequency: decade", r"contract\.yaml:6: `frequency`: .*'week', 'day' or 'hour'.*data engineer"),
        ("contract.yaml", "delay: 1 month", "delay: soon", r"contract\.yaml:\d+: `outcomes\.delay`: .*not a span.*1 month"),
        ("contract.yaml", "key: [id]\n    time", "key: [idx]\n    time", r"contract\.yaml:\d+: .*declared columns; found \['idx'\]"),
        ("contract.yaml", "use_case: template", "use_case: other", r"use_case must be the folder's name; found 'other'; allowed: 'template'"),
    ],
)  # fmt: skip
def test_a_wrong_line_is_named_with_what_is_allowed(folder, name, old, new, told):
    """Each fault is one error that names the file, the line, the key, what was found, what is allowed and whose it is."""
    with pytest.raises(ConfigurationError, match=told):
        load(edited(folder, name, old, new))


def test_a_metric_of_the_other_task_is_refused(folder):
    """ROC AUC of a regression is refused when the use case is read, not when the gate needs it."""
    with pytest.raises(ConfigurationError, match="log_loss"):
        load(edited(folder, "retrain.yaml", "task: classification", "task: regression"))


def test_missing_files_and_bytes_that_are_no_text_are_named(folder):
    """A use case without one of its five files, or with bytes that are not UTF-8, says which file."""
    (folder / "gate.yaml").write_bytes(b"metric: \xff\xfe")
    with pytest.raises(ConfigurationError, match=r"gate\.yaml: cannot be read"):
        load(folder)
    (folder / "RUNBOOK.md").unlink()
    with pytest.raises(ConfigurationError, match=r"found no RUNBOOK\.md"):
        load(folder)


def test_model_code_that_cannot_be_imported_is_the_data_scientists(folder):
    """What model.py raises while it is imported is chained, with the file's name."""
    with pytest.raises(ModelError, match=r"model\.py:15: the import raised NameError.*data scientist"):
        load(edited(folder, "model.py", "SLICES =", "undefined()\nSLICES =")).model  # noqa: B018 - the attribute imports
    (folder / "model.py").write_text("SLICES = ()")


def test_an_unknown_use_case_lists_the_known_ones():
    """A wrong name is answered with the right ones."""
    with pytest.raises(UnknownUseCaseError, match="found 'flights'; allowed: air_time, flight_delays"):
        find("flights", Settings.from_environment({}))


def test_the_built_in_use_cases_load_by_name_and_by_path():
    """Both ways of naming a use case give the same one."""
    for folder in folders(Settings.from_environment({}).usecases):
        assert find(folder.name, Settings.from_environment({})) == load(folder)


@settings(max_examples=50, deadline=None)
@given(st.from_regex(r"[a-z]{3,12}", fullmatch=True).filter(lambda key: key not in RetrainPolicy.model_fields))
def test_any_unknown_key_is_refused_with_its_line(tmp_path_factory, key):
    """Whatever the key is called, it is refused where it stands and never dropped."""
    path = tmp_path_factory.mktemp("yaml") / "retrain.yaml"
    path.write_text(
        f"task: classification\nmin_batches_first_training: 2\n{key}: 1\nselection_metric: log_loss\ntriggers: {{}}\n"
    )
    with pytest.raises(ConfigurationError, match=rf"retrain\.yaml:3: (unknown key `{key}`|not valid)"):
        read_spec(path, RetrainPolicy, "data scientist")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "a: &a [x,x,x,x,x,x,x,x,x]\n"
            + "".join(
                f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n"
                for old, new in zip("abcdefgh", "bcdefghi", strict=False)
            ),
            "more than 100,000 values",
        ),
        ("a: &a [*a]", "more than 50 levels"),
        ("a: " + "[" * 3000 + "]" * 3000, "not valid YAML|more than 50 levels"),
        ("? [a, b]\n: c", "a key must be a word"),
        ("a: 2024-02-30", "not valid YAML.*day is out of range"),
        ("a: !!python/object/apply:os.system ['true']", "not valid YAML.*python/object"),
        ("#" * 1_000_001, "too large"),
    ],
)
def test_a_file_that_unpacks_to_too_much_or_to_no_plain_value_is_named(tmp_path: Path, text: str, told: str) -> None:
    """Bombs of aliases, endless depth, keys that are lists, foreign tags and impossible dates: one error, at once."""
    (tmp_path / "retrain.yaml").write_text(text)
    with pytest.raises(ConfigurationError, match=told):
        read_spec(tmp_path / "retrain.yaml", RetrainPolicy, "data scientist")
