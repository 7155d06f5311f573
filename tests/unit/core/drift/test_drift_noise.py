"""The sampling noise below which no distance means anything."""

from __future__ import annotations

import numpy as np
import pytest

from gatehouse.core.config.triggers import Distance
from gatehouse.core.drift import measure_values
from gatehouse.core.profiling import profile_of


def table(generator: np.random.Generator, rows: int) -> dict[str, object]:
    """Columns of different kinds from one distribution."""
    return {
        "smooth": generator.normal(70, 10, rows),
        "zeros": np.where(generator.random(rows) < 0.9, 0, generator.exponential(size=rows)),
        "label": (generator.random(rows) < 0.2).astype(float),
        "carrier": generator.choice(list("ABC"), rows, p=[0.2, 0.5, 0.3]),
        "many": (generator.zipf(1.5, rows) % 200).astype(str),
    }


@pytest.mark.parametrize("distance", ["js", "psi", "ks", "wasserstein"])
def test_a_batch_of_the_reference_rarely_exceeds_its_noise(distance: Distance) -> None:
    """Of 750 quiet columns of 600 rows at most a handful lie above the noise, and it is not absurdly high either."""
    generator = np.random.default_rng(3)
    reference, ratios = profile_of(table(generator, 20_000)), []
    for _ in range(150):
        batch = profile_of(table(generator, 600), like=reference)
        for name, known in reference.columns.items():
            measured = measure_values(known, batch.columns[name], distance)
            assert measured is not None
            ratios.append(measured.value / measured.noise)
    assert sum(ratio > 1 for ratio in ratios) <= 5
    assert np.quantile(ratios, 0.999) > 0.75
