"""`gatehouse use-case upgrade`: the keys of an earlier version become today's, and nothing else changes."""

import json

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from gatehouse.cli import gatehouse
from gatehouse.core.config.gate import GatePolicy
from gatehouse.core.config.renamed_keys import CONTRACT, GATE, NOTIFY, RETRAIN, RenamedKeys
from gatehouse.core.config.retrain import RetrainPolicy
from gatehouse.errors import ConfigurationError
from gatehouse.use_case_upgrade import upgrade
from gatehouse.yaml_loader import read_spec
from gatehouse.yaml_renames import rewritten

OLD_RETRAIN = """\
# When to retrain. `first_after` is a word of this comment.
task: classification
first_after: 2     # two of them
"choose_by": log_loss
reasons:
  drift: {limit: 0.2, request: false, references: [{columns: [a], reference: wide}]}   # limit: 1
  decay: &decay {metric: log_loss, margin: 0.02}
  age: '6 months'
window: {kind: best_of, among: [expanding, {kind: rolling, batches: 3}]}
debounce: {at_least: 1, of_last: 2}
cooldown: 1
"""
NEW_RETRAIN = """\
# When to retrain. `first_after` is a word of this comment.
task: classification
min_batches_first_training: 2     # two of them
"selection_metric": log_loss
triggers:
  drift: {effect_size_limit: 0.2, trigger_retraining: false, references: [{columns: [a], reference: recent}]}   # limit: 1
  decay: &decay {metric: log_loss, margin: 0.02}
  max_age: '6 months'
window: {kind: best_of, candidates: [expanding, {kind: rolling, batches: 3}]}
debounce: {min_alarms: 1, window: 2}
cooldown_batches: 1
"""
OLD_GATE = """\
metric: log_loss
first_model: review
review: {approvers: [ada], timeout: 1 day, no_answer: reject}
error_over: look
rules:
  - {rule: lineage_whole, says: lineage_whole}
  - &better
    rule: better_than_champion
    says: Better.
    metric: log_loss
    by: 0.01
  - {<<: *better, on_fail: warn}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "retrain.yaml").write_text(OLD_RETRAIN)
    (tmp_path / "gate.yaml").write_text(OLD_GATE)
    return tmp_path


def test_old_keys_become_the_new_ones_and_every_other_byte_stays(folder):
    """Comments, quotes, alignment and flow style are kept, and both files load as they were meant."""
    upgrade(folder)
    assert (folder / "retrain.yaml").read_text() == NEW_RETRAIN
    policy = read_spec(folder / "gate.yaml", GatePolicy, "risk owner")
    assert (policy.no_champion, policy.error_budget) == ("review", "decision")
    assert [rule.rule for rule in policy.rules] == ["lineage_intact"] + ["better_than_champion"] * 2
    assert policy.rules[0].description == "lineage_whole"  # a sentence is no key
    assert [rule.margin for rule in policy.rules[1:]] == [0.01, 0.01]


@pytest.mark.parametrize(("start", "end"), [("", "\r\n"), ("\ufeff", "\n"), ("# é\n", "\n")])
def test_line_ends_and_marks_stay(tmp_path, start, end):
    """Windows line ends, a byte order mark and letters beyond ASCII before the key are no reason for another byte."""
    old = (start + OLD_RETRAIN.replace("\n", end)).encode()
    (tmp_path / "retrain.yaml").write_bytes(old)
    upgrade(tmp_path)
    assert (tmp_path / "retrain.yaml").read_bytes() == (start + NEW_RETRAIN.replace("\n", end)).encode()


def test_the_command_says_what_it_changed_and_a_second_run_changes_nothing(folder):
    """Each change by file, line, old and new name; then `nothing to change`, with the same bytes."""
    first = CliRunner().invoke(gatehouse, ["use-case", "upgrade", str(folder)])
    assert first.exit_code == 0
    assert "line 3: first_after -> min_batches_first_training" in first.output
    assert "line 6: wide -> recent" in first.output
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    second = CliRunner().invoke(gatehouse, ["use-case", "upgrade", str(folder), "--json"])
    assert [file["changes"] for file in json.loads(second.output)] == [[], []]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (OLD_GATE + "no_such_key: 1\n", "no_such_key"),
        (OLD_GATE + "no_champion: block\n", "twice"),
        (OLD_GATE + "]", "not valid YAML"),
    ],
)
def test_nothing_is_written_when_one_file_would_not_load(folder, text, why):
    """The error names the file and why; the other file keeps its old keys, and no file is left beside it."""
    (folder / "gate.yaml").write_text(text)
    with pytest.raises(
        ConfigurationError, match=rf"gate\.yaml.*nothing was written.*{why}|gate\.yaml.*{why}.*nothing was written"
    ):
        upgrade(folder)
    assert {path.name: path.read_text() for path in folder.iterdir()} == {
        "retrain.yaml": OLD_RETRAIN,
        "gate.yaml": text,
    }


def test_a_place_without_such_files_is_refused(tmp_path):
    """An empty folder, or another file, is no use case: the error names what can be upgraded."""
    with pytest.raises(ConfigurationError, match=r"nothing to upgrade.*contract\.yaml"):
        upgrade(tmp_path)


def test_an_old_key_is_one_error_that_names_the_new_one(folder):
    """All old names of the file in one error, with the line of the first and the command that rewrites them."""
    with pytest.raises(
        ConfigurationError, match=r"retrain\.yaml:3: `first_after` is now `min_batches_first_training`"
    ) as error:
        read_spec(folder / "retrain.yaml", RetrainPolicy, "data scientist")
    assert "`wide` is now `recent`" in str(error.value)
    assert f"run `gatehouse use-case upgrade {folder}`" in str(error.value)


def keys_of(names: RenamedKeys) -> st.SearchStrategy[str]:
    steps = {step for path in names.keys for step in path.split(".")} | set(names.keys.values()) | {"rule"}
    return st.sampled_from(sorted(steps - {"*"}))


def documents(names: RenamedKeys) -> st.SearchStrategy[object]:
    words = sorted(
        {old for values in names.values.values() for old in values} | {"so: it is", "# no comment", "2013-01"}
    )
    leaves = st.sampled_from(words) | st.integers() | st.booleans() | st.none()
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys_of(names), inner, max_size=4),
        max_leaves=15,
    )


def size(document: object) -> int:
    """How many keys there are, at all depths."""
    inner = document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    return (len(document) if isinstance(document, dict) else 0) + sum(map(size, inner))


@given(st.data())
@pytest.mark.parametrize("names", [CONTRACT, GATE, RETRAIN, NOTIFY])
def test_a_rewritten_text_means_what_the_values_by_new_names_mean(names, data):
    """Whatever the nesting and the style, the text means what the plain values mean, and a second time changes nothing."""
    document = data.draw(st.dictionaries(keys_of(names), documents(names), min_size=1, max_size=5))
    if size(names.current(document)) < size(document):
        return  # an old and a new name side by side: the loader refuses the text afterwards
    text = yaml.safe_dump(document, default_flow_style=data.draw(st.sampled_from([True, False, None])))
    new, _ = rewritten(text, names)
    assert yaml.safe_load(new) == names.current(document)
    assert rewritten(new, names) == (new, [])
