"""Decimals as Great Expectations can compare them: it keeps the bounds of a contract as floats.

`min_value: 0.1` means one tenth. The float 0.1 is a little more, and the decimal 0.1 would lie below it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any


class Written(Decimal):
    """A decimal that compares with a float as with the number that the float is written as."""

    __hash__ = Decimal.__hash__

    def __eq__(self, other: object) -> bool:
        return super().__eq__(_written(other))

    def __lt__(self, other: Any) -> bool:
        return super().__lt__(_written(other))

    def __le__(self, other: Any) -> bool:
        return super().__le__(_written(other))

    def __gt__(self, other: Any) -> bool:
        return super().__gt__(_written(other))

    def __ge__(self, other: Any) -> bool:
        return super().__ge__(_written(other))

    def __repr__(self) -> str:
        return f"Decimal({str(self)!r})"


def _written(other: Any) -> Any:
    return Decimal(repr(float(other))) if isinstance(other, float) else other
