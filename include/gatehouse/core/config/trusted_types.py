"""`trusted_types` in `gate.yaml`: the names of further types that a model file of the use case may hold."""

from __future__ import annotations

import re
import sys
from typing import Annotated

from pydantic import AfterValidator

NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(\.[A-Za-z_]\w*|\.\*)")
PLAIN_DATA = frozenset({"collections", "datetime", "decimal", "enum", "fractions", "uuid", "zoneinfo"})


def matches(pattern: str, name: str) -> bool:
    """Whether a name is the one given, or of the library or module of `library.*`."""
    return name.startswith(pattern[:-1]) if pattern.endswith(".*") else name == pattern


def advice(name: str) -> str:
    """What the risk owner writes to trust the library of a type; empty where nothing allows it."""
    library = name.partition(".")[0]
    return "" if library in FORBIDDEN else f'trusted_types: ["{library}.*"]'


def _checked(text: str) -> str:
    if not NAME.fullmatch(text):
        raise ValueError(
            'write the full name of a type, such as "category_encoders.woe.WOEEncoder", or "category_encoders.*"'
        )
    if text.partition(".")[0] in FORBIDDEN:
        raise ValueError("it would let a model file run any code; name a type of a library that is installed")
    return text


FORBIDDEN = (frozenset(sys.stdlib_module_names) - PLAIN_DATA) | {
    "gatehouse",
    "numpy",
    "pandas",
    "joblib",
    "cloudpickle",
}
TrustedType = Annotated[str, AfterValidator(_checked)]
