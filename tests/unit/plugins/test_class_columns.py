"""Scores of more than two classes on the pages: each class has its column, its name and its histogram."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gatehouse.core.profiling import profile_of
from gatehouse_ui.column_profiles import _scores
from gatehouse_ui.drift_rows import column_title
from support.fakes import FakeLake


def test_the_scores_of_each_class_have_a_title() -> None:
    """The name of the class is in it, whatever characters it has; other columns keep their names."""
    assert column_title("gh_score") == "the model's scores"
    assert column_title("gh_score:pear: ripe") == "the model's scores for pear: ripe"
    assert column_title("gh_scores") == "gh_scores"


def test_recorded_scores_are_profiled_by_class() -> None:
    """A file of predictions is read by its columns; a class that it lacks has no histogram."""
    random, lake = np.random.default_rng(1), FakeLake()
    reference = profile_of({"gh_score:pear": random.random(90), "gh_score:new": random.random(90)})
    file = lake.put_frame(pd.DataFrame({"key": ["a", "b"], "score:pear": [0.25, 0.5]}), "predictions")
    found = _scores(lake, file, reference.columns)
    assert list(found) == ["gh_score:pear"]
    assert found["gh_score:pear"].rows == 2
