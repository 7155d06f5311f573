"""What keys and values of the four YAML files were called before version 0.2: the one table of their old names.

Three readers use it: the loader names the new key of an old one, `gatehouse use-case upgrade` rewrites files, and
archived policies, which keep their text and so their hash, are read by today's names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Path = tuple[str, ...]


@dataclass(frozen=True)
class RenamedKeys:
    """The old names of one file. `keys`: the dotted path of an old key -> its last step today. The steps above it are
    today's; `*` stands for any item or any key. `values`: the path of a key -> its old values -> today's."""

    keys: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]

    def key(self, path: Path, name: str) -> str:
        """What the key `name` below `path` is called today."""
        return next((new for old, new in self.keys.items() if _matches(old, (*path, name))), name)

    def value(self, path: Path, text: str) -> str:
        """What the value `text` of the key at `path` is called today."""
        return next((new.get(text, text) for at, new in self.values.items() if _matches(at, path)), text)

    def current(self, given: Any, path: Path = ()) -> Any:
        """The plain values of a file by today's names."""
        if isinstance(given, Mapping):
            named = {self.key(path, str(name)): value for name, value in given.items()}
            return {name: self.current(value, (*path, name)) for name, value in named.items()}
        if isinstance(given, (list, tuple)):
            return [self.current(item, (*path, "*")) for item in given]
        return self.value(path, given) if isinstance(given, str) else given


def _matches(pattern: str, path: Path) -> bool:
    steps = pattern.split(".")
    return len(steps) == len(path) and all(step in ("*", name) for step, name in zip(steps, path, strict=True))


NO_RENAMED_KEYS = RenamedKeys({}, {})

CONTRACT = RenamedKeys(
    {
        "batch": "frequency",
        "first": "first_batch",
        "last": "last_batch",
        "partition_rows": "max_rows_in_memory",
        "outcomes.until": "updates_until",
        "tables.*.expectations.*.because": "reason",
        "outcomes.expectations.*.because": "reason",
    },
    {},
)
RULES = {
    "lineage_whole": "lineage_intact",
    "not_constant": "predictions_vary",
    "reproduces": "reproducible",
    "handles_unseen": "handles_unseen_values",
    "loads_cleanly": "loads_in_clean_process",
}
# The result that stands in for all comparisons where there is no champion has the name of its key.
RESULTS = {**RULES, "first_model": "no_champion"}
GATE = RenamedKeys(
    {
        "first_model": "no_champion",
        "review.no_answer": "on_timeout",
        "block": "resample_by",
        "day_starts": "day_start_utc",
        "error_over": "error_budget",
        "half_spent_by": "error_half_life_looks",
        "override.second_person": "require_second_approver",
        "rules.*.says": "description",
        "rules.*.judge_by": "compare",
        "rules.*.by": "margin",
        "rules.*.level": "best_plausible_value",
    },
    {"rules.*.rule": RULES, "error_budget": {"look": "decision"}},
)
RETRAIN = RenamedKeys(
    {
        "first_after": "min_batches_first_training",
        "choose_by": "selection_metric",
        "reasons": "triggers",
        "cooldown": "cooldown_batches",
        "patience": "max_scoring_wait",
        "measure_over": "performance_window_batches",
        "expire_after": "request_expires_after_batches",
        "window.among": "candidates",
        "debounce.at_least": "min_alarms",
        "debounce.of_last": "window",
        "triggers.schedule": "every_batches",
        "triggers.age": "max_age",
        "triggers.volume": "min_new_rows",
        "triggers.drift.limit": "effect_size_limit",
        "triggers.drift.request": "trigger_retraining",
        "triggers.drift.together": "joint_drift",
        "triggers.cost.per_1000_rows": "loss_value_per_1000_rows",
    },
    {"triggers.drift.references.*.reference": {"wide": "recent"}},
)
NOTIFY = RenamedKeys(
    {
        "address": "airflow_url",
        "severities": "severity_overrides",
        "recipients.*.via": "channel",
        "recipients.*.least": "min_severity",
        "recipients.*.quiet": "quiet_hours",
        "recipients.*.budget": "max_per_week",
        "recipients.*.resolved": "send_resolved",
        "recipients.*.quiet_hours.begin": "start",
        "recipients.*.quiet_hours.zone": "timezone",
    },
    {},
)


def archived_result_name(name: str) -> str:
    """The name of an archived result (`first_model`, `lineage_whole(model)`) as a decision names it today."""
    rule, bracket, subject = name.partition("(")
    return f"{RESULTS.get(rule, rule)}{bracket}{subject}"
