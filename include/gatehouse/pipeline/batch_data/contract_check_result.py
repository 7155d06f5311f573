"""A batch held against its contract, whichever way its rows were read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gatehouse.core.contract.validation import Validation
from gatehouse.core.profiling.batch_profile import BatchProfile
from gatehouse.core.types import FileRef
from gatehouse.ports import TableCheck


@dataclass(frozen=True)
class ContractCheckResult:
    """The verdict and what it rests on; `undeclared` are columns that were delivered and not declared, `accepted` the rows
    of each table that are, or in a release would be, accepted (with columns by name), `earlier` the profiles of batches
    before. `profile` makes the accepted rows' profile, `store` their files and those of the quarantined ones."""

    validation: Validation
    checks: Mapping[str, TableCheck]
    undeclared: Mapping[str, Sequence[str]]
    accepted: Mapping[str, Any]
    earlier: Sequence[BatchProfile]
    profile: Callable[[], BatchProfile]
    store: Callable[[], dict[str, tuple[FileRef, FileRef]]]
