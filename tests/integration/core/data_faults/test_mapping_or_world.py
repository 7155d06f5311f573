"""Whether many columns changed because the population did, or because columns were swapped on the way: told on real data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets

from gatehouse.core.data_faults.detect import detect_faults
from gatehouse.core.data_faults.relations.normal_scores import rows_of
from gatehouse.core.profiling import Profile, profile_of
from gatehouse.core.profiling.batch_profile import on_grid
from gatehouse.core.profiling.row_sample import RowSample, sample_of

ROWS, EARLIER = 300, 5
DATA = ["digits", "breast_cancer", "diabetes", "wine"]
SHIFTS = ["class", "component", "column"]


@dataclass(frozen=True)
class Drawn:
    """The profiles and samples of earlier batches, and two more batches: one like them, one of another population."""

    earlier: list[Profile]
    samples: list[RowSample]
    usual: pd.DataFrame
    shifted: pd.DataFrame

    def mapped(self, batch: pd.DataFrame) -> list[set[str]]:
        """The columns of each mapping that is found in a batch."""

        def own(columns: Sequence[str]) -> Profile:
            return profile_of(batch[[name for name in columns if name in batch]])

        profile, rows = on_grid(batch, self.earlier[-1]), rows_of(self.samples, sample_of(batch))
        found = detect_faults("rows", self.earlier, profile, own, 1, rows)
        return [set(fault.columns) for fault in found if fault.kind.startswith("columns ")]


def weights(inputs: Any, label: Any, shift: str, random: np.random.Generator) -> Any:
    """How much likelier each row is in the shifted population: by its class, by a principal component or by one column."""
    scaled = (inputs - inputs.mean(axis=0)) / (inputs.std(axis=0) + 1e-9)
    if shift == "class":
        return np.where(label > np.median(label), 1.0, 0.05)
    if shift == "component":
        component = np.linalg.svd(scaled, full_matrices=False)[0][:, random.integers(3)]
        return np.exp(2 * component / component.std())
    return np.exp(1.5 * np.clip(scaled[:, random.integers(scaled.shape[1])], -3, 3))


def drawn(data: str, shift: str, seed: int) -> Drawn:
    """Batches drawn from a data set that scikit-learn ships, before and after its population changed."""
    known, random = getattr(datasets, f"load_{data}")(), np.random.default_rng(seed)
    inputs, odds = known.data, weights(known.data, known.target, shift, random)

    def batch(chances: Any) -> pd.DataFrame:
        chosen = random.choice(len(inputs), ROWS, p=chances / chances.sum())
        noisy = inputs[chosen] + random.normal(0, 0.05, (ROWS, inputs.shape[1])) * inputs.std(axis=0)
        return pd.DataFrame(noisy, columns=[f"x{number}" for number in range(inputs.shape[1])])

    earlier: list[Profile] = []
    samples: list[RowSample] = []
    for _ in range(EARLIER):
        rows = batch(1 / (odds + 0.05))
        earlier.append(on_grid(rows, earlier[-1] if earlier else None))
        samples.append(sample_of(rows))
    return Drawn(earlier, samples, batch(1 / (odds + 0.05)), batch(odds))


@pytest.mark.parametrize("shift", SHIFTS)
@pytest.mark.parametrize("data", DATA)
def test_another_population_is_no_mapping(data: str, shift: str) -> None:
    """Up to sixty columns that change together, many of them alike: none is called swapped or rotated."""
    found = drawn(data, shift, seed=1)
    assert found.mapped(found.shifted) == []


@pytest.mark.parametrize("shift", SHIFTS)
@pytest.mark.parametrize("data", DATA)
def test_swapped_columns_are_still_named(data: str, shift: str) -> None:
    """Two columns that exchange their values in the usual population are named, and no others."""
    found = drawn(data, shift, seed=2)
    names = [name for name in found.usual if found.usual[name].std() > 0]
    one, other = np.random.default_rng(2).choice(names, 2, replace=False)
    swapped = found.usual.assign(**{one: found.usual[other].to_numpy(), other: found.usual[one].to_numpy()})
    assert found.mapped(swapped) == [{f"rows.{one}", f"rows.{other}"}]
