"""What the code of a use case raises: one shape of message, with the line to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from gatehouse.adapters.models import SkopsModels
from gatehouse.errors import ModelError, SourceError
from gatehouse.user_code import user_code

MODEL = """\
def plain():
    raise KeyError("group")


def silent():
    assert False


def ends():
    raise SystemExit(2)


def lambdas():
    return [value["x"] for value in [3]]
"""


def run(folder: Path, name: str) -> Any:
    path = folder / "model.py"
    path.write_text(MODEL)
    space: dict[str, Any] = {}
    exec(compile(path.read_text(), str(path), "exec"), space)
    with user_code(ModelError, path, f"{name}()", "data scientist"):
        return space[name]()


@pytest.mark.parametrize(
    ("name", "line", "said"),
    [
        ("plain", 2, "plain() raised KeyError: 'group'"),
        ("silent", 6, "silent() raised AssertionError without a message"),
        ("ends", 10, "ends() raised SystemExit: 2"),
        ("lambdas", 14, "lambdas() raised TypeError: 'int' object is not subscriptable"),
    ],
)
def test_the_line_of_the_use_case_is_named(tmp_path: Path, name: str, line: int, said: str) -> None:
    """File and line of the deepest call in the use case's folder, the exception's type and message, and the owner."""
    with pytest.raises(ModelError) as raised:
        run(tmp_path, name)
    assert str(raised.value) == f"{tmp_path / 'model.py'}:{line}: {said}; to be changed by the data scientist"
    assert raised.value.__cause__ is not None


def test_what_a_library_raises_names_the_librarys_line() -> None:
    """Where no code of the use case was called, the line of the library that raised is named."""
    rows = pd.DataFrame({"a": [np.nan, 1.0]})
    with pytest.raises(
        ModelError, match=r"'any' raised in fit: ValueError: .*NaN.*\(sklearn/utils/\w+\.py, line \d+\)"
    ):
        SkopsModels().fit("any", LogisticRegression(), rows, np.array([0.0, 1.0]))


def test_code_that_a_library_calls_is_named_with_its_own_line(tmp_path: Path) -> None:
    """A function within a pipeline is at its line of the use case, not at the line of the library below it."""
    path = tmp_path / "model.py"
    path.write_text("def steep(rows):\n    return rows[['slope']]\n")
    space: dict[str, Any] = {}
    exec(compile(path.read_text(), str(path), "exec"), space)
    pipeline = make_pipeline(FunctionTransformer(space["steep"]), LogisticRegression())
    with pytest.raises(ModelError, match=r"raised in fit: KeyError: .*slope.*/model\.py, line 2\)"):
        SkopsModels().fit("any", pipeline, pd.DataFrame({"a": [0.0, 1.0]}), np.array([0.0, 1.0]))


def test_a_file_that_is_no_python_is_named_with_its_line(tmp_path: Path) -> None:
    """A syntax error is at the line of the file, not at the line that compiled it."""
    path = tmp_path / "model.py"
    with (
        pytest.raises(ModelError, match=r"model\.py:2: the import raised SyntaxError"),
        user_code(ModelError, path, "the import", "data scientist"),
    ):
        compile("x = 1\ndef broken(:\n", str(path), "exec")


def test_an_error_with_a_name_passes(tmp_path: Path) -> None:
    """A source that says by itself what is wrong keeps its words."""
    with (
        pytest.raises(SourceError, match=r"^the bucket is empty$"),
        user_code(ModelError, tmp_path / "model.py", "fetch()", "data engineer"),
    ):
        raise SourceError("the bucket is empty")
