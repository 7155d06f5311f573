"""Rules about what stands behind the model: its inputs' signature, its files, and that its record makes it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from gatehouse.core.gate.measurements import Measurement
from gatehouse.core.gate.rules.base import NotNegative
from gatehouse.core.gate.rules.measurement_rule import MeasurementRule, rows_in, value_in
from gatehouse.core.types import RuleOutcome, RuleResult
from gatehouse.formatting import join_names, number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class SignatureUnchanged(MeasurementRule):
    """The challenger takes the features of the champion, by name and type, but for the changes that `accept` lists.

    A change reads `added speed`, `removed speed` or `speed: int64 -> float64`.
    """

    rule: Literal["signature_unchanged"]
    accept: tuple[str, ...] = ()

    @property
    def compares(self) -> bool:
        return True

    def need(self) -> Measurement:
        return Measurement.of("signature")

    def weigh(self, found: Mapping[str, Any]) -> tuple[RuleResult, ...]:
        challenger, champion = found.get("challenger"), found.get("champion")
        if not challenger or not champion:
            return (self.result(RuleOutcome.INCONCLUSIVE, "the features of challenger or champion are not known"),)
        changes = signature_changes(champion, challenger)
        new = [change for change in changes if change not in self.accept]
        accepted = [change for change in changes if change in self.accept]
        if new:
            sentence = f"{len(new)} changes of the features are not accepted: {join_names(new)}"
        else:
            told = f", but for what was accepted: {join_names(accepted)}" if accepted else ""
            sentence = f"the {len(challenger)} features have the champion's names and types{told}"
        return (self.weighed(len(new), 0.0, sentence),)


def signature_changes(champion: Mapping[str, str], challenger: Mapping[str, str]) -> list[str]:
    """What changed from one mapping of feature to type to another, in words, in the order of names."""
    changes = []
    for name in sorted(champion.keys() | challenger.keys()):
        before, after = champion.get(name), challenger.get(name)
        if before is None:
            changes.append(f"added {name}")
        elif after is None:
            changes.append(f"removed {name}")
        elif before != after:
            changes.append(f"{name}: {before} -> {after}")
    return changes


class LineageIntact(MeasurementRule):
    """Every file that the decision rests on is in the lake with the bytes that the ledger recorded: the model, its
    reference, its training set, and what every batch of it delivered, accepted and quarantined."""

    rule: Literal["lineage_intact"]

    def need(self) -> Measurement:
        return Measurement.of("lineage")

    def weigh(self, found: Mapping[str, Any]) -> tuple[RuleResult, ...]:
        broken, files = list(found.get("broken", ())), value_in(found, "files")
        value = float(len(broken)) if files >= 1 else float("nan")
        if broken:
            sentence = f"{len(broken)} of {files:.0f} files are not what was recorded: {join_names(broken, most=2)}"
        else:
            sentence = f"all {files:.0f} files behind the model are what was recorded"
        return (self.weighed(value, 0.0, sentence),)


class Reproducible(MeasurementRule):
    """Fitted again on the recorded training set with the recorded seed, the model predicts every held-out row as the
    challenger does, to within `max_difference`. It costs one more training."""

    rule: Literal["reproducible"]
    max_difference: NotNegative = 1e-9

    def need(self) -> Measurement:
        return Measurement.of("refit")

    def weigh(self, found: Mapping[str, Any]) -> tuple[RuleResult, ...]:
        value, limit = value_in(found, "difference"), self.max_difference
        sentence = (
            f"fitted again from its record with seed {found.get('seed')}, the model's predictions differ by at most "
            f"{number(value, limit)}; demanded: at most {number(limit, value)}"
        )
        return (self.weighed(value, limit, sentence, rows=rows_in(found)),)
