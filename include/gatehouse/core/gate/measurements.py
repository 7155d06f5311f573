"""What a rule wants measured with the models and files at hand. The gate itself only reads what was archived of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gatehouse.core.audit.canonical_json import canonical


@dataclass(frozen=True)
class Measurement:
    """One thing to measure: its `kind` and the arguments that change what is measured, never a rule's limit.

    So a policy with another limit is judged from the same archived values, and one that asks for something that was
    never measured is told so.
    """

    kind: str
    args: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def of(cls, kind: str, **args: Any) -> Measurement:
        """The need of that kind; arguments are plain, hashable values."""
        return cls(kind, tuple(sorted(args.items())))

    def __getitem__(self, name: str) -> Any:
        return dict(self.args)[name]

    @property
    def key(self) -> str:
        """The name under which the evidence keeps what was measured: `monotone{"feature":"age",...}`."""
        return self.kind + (canonical(dict(self.args)) if self.args else "")


# Cheap, and good to have when another policy is tried on past evidence: measured whatever the policy asks for.
DEFAULT_MEASUREMENTS = (Measurement.of("importance"), Measurement.of("signature"))
