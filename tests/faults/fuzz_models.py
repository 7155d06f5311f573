"""Damaged model files: refused by name, whether or not the ledger's hash was damaged with them; nothing in them is run."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from gatehouse.adapters.models import SkopsModels, skops_format
from gatehouse.core.audit.canonical_json import sha256
from gatehouse.errors import GatehouseError


@cache
def honest() -> bytes:
    """A fitted model as its file."""
    frame = pd.DataFrame({"a": np.arange(20.0), "b": np.arange(20.0) % 3})
    return skops_format.dumps(LogisticRegression().fit(frame, np.arange(20) % 2))


@st.composite
def damaged(draw: Any) -> tuple[bytes, bool]:
    """The file with bytes changed, cut or added, and whether its recorded hash was changed with it."""
    data = bytearray(honest())
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data) - 1))
        how = draw(st.sampled_from(("flip", "cut", "insert")))
        if how == "flip":
            data[at] ^= draw(st.integers(1, 255))
        elif how == "cut":
            del data[at:]
            data = data or bytearray(b"x")
        else:
            data[at:at] = draw(st.binary(min_size=1, max_size=20))
    return bytes(data), draw(st.booleans())


class Models:
    """The loader before such files."""

    def __init__(self) -> None:
        self.seen, self._store = Counter[str](), SkopsModels()

    def load(self, given: tuple[bytes, bool]) -> None:
        """UntrustedModelError, unless the bytes are those that were recorded and still hold a whole estimator."""
        data, forged = given
        try:
            self._store.load(data, sha256(data if forged else honest()))
        except GatehouseError:
            self.seen["refused by name"] += 1
            return
        assert forged or data == honest(), "bytes that were not recorded were loaded"
        self.seen["a whole estimator still"] += 1
