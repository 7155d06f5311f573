"""The names of a use case's estimators, read from the text of `model.py` without running it: a form needs them while a
DAG file is parsed, where importing scikit-learn would cost every parse seconds."""

from __future__ import annotations

import ast
from pathlib import Path


def estimator_names(model_py: Path) -> tuple[str, ...]:
    """The keys of the dictionaries that `estimators()` returns, in their order.

    Empty where they cannot be read off the text (a file that does not parse, names that are computed): whoever offers
    them has to do without, and the task that fits them knows the real ones.
    """
    try:
        tree = ast.parse(model_py.read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError):
        return ()
    named = [each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == "estimators"]
    returned = [node.value for each in named for node in ast.walk(each) if isinstance(node, ast.Return)]
    if len(returned) != 1 or not isinstance(returned[0], ast.Dict):
        return ()
    keys = returned[0].keys
    names = [key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
    return tuple(names) if len(names) == len(keys) else ()
