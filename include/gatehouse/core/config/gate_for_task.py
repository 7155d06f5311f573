"""Which rules and metrics of a `gate.yaml` the use case's task has, and what to write instead of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatehouse.core.statistics.custom_metrics import is_own
from gatehouse.core.statistics.metrics import metrics_for
from gatehouse.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gatehouse.core.config.gate import GatePolicy
    from gatehouse.core.gate.evidence import Task
    from gatehouse.core.gate.rules.base import Rule


def check_policy(policy: GatePolicy, task: Task, file: str = "gate.yaml", classes: Sequence[str] = ()) -> None:
    """Refuse a rule or a metric that is not defined for the task; ConfigurationError names rule, found and allowed."""
    for problem in policy_problems(policy, task, file, classes):
        raise problem


def policy_problems(
    policy: GatePolicy, task: Task, file: str = "gate.yaml", classes: Sequence[str] = ()
) -> Iterator[ConfigurationError]:
    """Yield each rule, class and metric that is not defined for the task; `classes` are the names of more than two."""
    if policy.metric not in metrics_for(task) and not is_own(policy.metric):
        yield _no_metric(policy.metric, task, f"{file}: metric")
    for position, rule in enumerate(policy.rules):
        yield from _rule_problems(rule, task, f"{file}: rules.{position}", classes)


def _rule_problems(rule: Rule, task: Task, where: str, classes: Sequence[str]) -> Iterator[ConfigurationError]:
    if rule.of_class is not None and (not rule.by_class or rule.of_class not in classes):
        yield _no_class(rule, where, classes)
        return
    judged: Task = task if rule.of_class is None else "classification"
    if judged not in rule.tasks:
        by_class = f"; with `of_class: {classes[0]}` one class against the rest" if rule.by_class and classes else ""
        yield ConfigurationError(
            f"the rule is not defined for {task}", where=where, found=repr(rule.rule),
            allowed=f"{rule.rule} judges {' and '.join(rule.tasks)}{by_class}", owner="risk owner",
        )  # fmt: skip
        return
    for metric in rule.metrics():
        if metric not in metrics_for(judged) and not is_own(metric):
            more = judged == "multiclass" and rule.by_class and metric in metrics_for("classification")
            instead = (
                f"; {metric} of one class against the rest with `of_class: {classes[0]}`" if more and classes else ""
            )
            yield _no_metric(metric, judged, f"{where} ({rule.rule})", instead)


def _no_metric(metric: str, task: Task, where: str, instead: str = "") -> ConfigurationError:
    return ConfigurationError(
        f"the metric is not defined for {task}", where=where, found=repr(metric),
        allowed=", ".join(metrics_for(task)) + instead, owner="risk owner",
    )  # fmt: skip


def _no_class(rule: Rule, where: str, classes: Sequence[str]) -> ConfigurationError:
    """`of_class` where there are no such classes, or on a rule that looks at no predictions."""
    if not rule.by_class:
        what, allowed = f"{rule.rule} cannot be asked of one class", "the rule without `of_class`"
    else:
        what, allowed = "there is no such class", ", ".join(classes) or "`of_class` with task: multiclass only"
    return ConfigurationError(
        what, where=f"{where}.of_class", found=repr(rule.of_class), allowed=allowed, owner="risk owner"
    )
