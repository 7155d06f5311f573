"""Columns are set whatever they are called."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from gatehouse.core.rows.with_columns import with_columns


@pytest.mark.parametrize("name", ["self", "key", 7, "a b", ""])
def test_any_name_is_set_on_a_copy(name: Any) -> None:
    """The new column is there and the given frame is as before; `assign` takes neither `self` nor a number."""
    given = pd.DataFrame({"x": [1, 2]})
    made = with_columns(given, {name: [3, 4]})
    assert list(made[name]) == [3, 4]
    assert list(given) == ["x"]
