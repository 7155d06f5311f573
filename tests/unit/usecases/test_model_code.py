"""What `model.py` must and may define, and what is said of a file that does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatehouse.errors import ModelError
from gatehouse.model_code import check_slices, estimators_of, load_model_code, slices_of

REQUIRED = "def features(tables): ...\ndef target(outcomes): ...\ndef estimators(seed): return {}\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "model.py"
    path.write_text(text)
    return path


def test_slices_are_optional(tmp_path: Path) -> None:
    """A model without SLICES has none; a list and repeated names are the names once each."""
    path = written(tmp_path, REQUIRED)
    assert slices_of(load_model_code(path), path) == ()
    (tmp_path / "listed").mkdir()
    path = written(tmp_path / "listed", REQUIRED + "SLICES = ['group', 'group', 'region']\n")
    assert slices_of(load_model_code(path), path) == ("group", "region")


@pytest.mark.parametrize(("text", "found"), [("'group'", "'group'"), ("(1,)", "(1,)"), ("None", "None")])
def test_slices_that_are_no_names_are_refused(tmp_path: Path, text: str, found: str) -> None:
    """One name without its comma is a text, not a tuple of one name: the message shows the line and the right form."""
    path = written(tmp_path, f"{REQUIRED}SLICES = {text}\n")
    with pytest.raises(ModelError, match=r"model\.py:4: SLICES holds no names of columns.*data scientist") as raised:
        slices_of(load_model_code(path), path)
    assert raised.value.found == found


def test_a_slice_that_is_no_feature_is_named(tmp_path: Path) -> None:
    """The message names SLICES with its line, the unknown column, and the columns that there are."""
    path = written(tmp_path, REQUIRED + "SLICES: tuple[str, ...] = ('amount', 'group')\n")
    with pytest.raises(ModelError, match=r"model\.py:4: SLICES names a column.*found 'group'; allowed: amount, age"):
        check_slices(("amount", "group"), ("amount", "age"), path)
    check_slices(("amount",), ("amount", "age"), path)


@pytest.mark.parametrize("missing", ["features", "target", "estimators"])
def test_a_missing_function_is_named(tmp_path: Path, missing: str) -> None:
    """Each required function by its name, also where the name holds something that cannot be called."""
    path = written(tmp_path, REQUIRED + f"{missing} = 3\n")
    with pytest.raises(ModelError, match=rf"it does not define {missing}\(\).*data scientist"):
        load_model_code(path)


@pytest.mark.parametrize("text", ["raise KeyError('x')", "import sys; sys.exit(1)", "x = ("])
def test_a_file_that_cannot_be_imported_is_named_with_its_line(tmp_path: Path, text: str) -> None:
    """Also a file that ends the process; importing it again raises again."""
    path = written(tmp_path, "\n" + text)
    for _ in range(2):
        with pytest.raises(ModelError, match=r"model\.py:2: the import raised \w+"):
            load_model_code(path)


@pytest.mark.parametrize("returned", ["{}", "None", "[3]", "{1: 2}", "{'': 2}"])
def test_estimators_by_name_are_demanded(tmp_path: Path, returned: str) -> None:
    """Anything but a dictionary of names to estimators is named with what is allowed."""
    path = written(tmp_path, REQUIRED.replace("{}", returned))
    with pytest.raises(
        ModelError, match=r"model\.py:3: estimators\(\) returned no estimators by name.*allowed: a dict"
    ):
        estimators_of(load_model_code(path), path, 0)
