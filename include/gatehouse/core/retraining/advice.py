"""What the author could change: the simpler way that would have been better here, in one sentence."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from gatehouse.core.statistics.metrics import metric_named

if TYPE_CHECKING:
    from gatehouse.core.config.retrain import RetrainPolicy

NOTICED = 0.01  # of the policy's loss: what is nearer is no reason to change anything
NO_SKILL = "no skill"
SIMPLE = ("never", "every batch", "fixed window", "periodic")


def better_simple_way(metric: str, means: Mapping[str, float]) -> str:
    """The simpler way that beats the policy by more than `NOTICED`; empty where none does."""
    loss = metric_named(metric).loss
    losses = {name: loss(value) for name, value in means.items() if math.isfinite(value)}
    simple = {name: value for name, value in losses.items() if name in SIMPLE or name.startswith("rolling")}
    own, best = losses.get("policy"), min(simple, key=lambda name: simple[name], default="")
    return best if own is not None and best and own - simple[best] > NOTICED * abs(own) else ""


def advise(
    metric: str, means: Mapping[str, float], trainings: Mapping[str, int], policy: RetrainPolicy, length: int
) -> str:
    """Where the champions were worse than no skill, that; else the best of the simpler ways, with what to write into
    `retrain.yaml` for it, where it beats the policy by more than `NOTICED`; else that none does. `means` and `trainings` are
    by way, `length` is the fixed window's. Empty without means.

    The ways have no gate and hold nothing out, so they are a little better than a policy could be.
    """
    best = better_simple_way(metric, means)
    if not math.isfinite(means.get("policy", math.nan)) or len(means) < 2:
        return ""
    if _without_skill(metric, means):
        title, own = metric_named(metric).title, means["policy"]
        return (
            f"The champions are worse than no skill here: {title} {own:.4g}, and {means[NO_SKILL]:.4g} for always saying the "
            "mean of the labels known before. Look at the features and the label in model.py first."
        )
    if not best:
        return f"No simpler way is more than {100 * NOTICED:g} % better than the policy here."
    loss = metric_named(metric).loss
    own, gain = loss(means["policy"]), loss(means["policy"]) - loss(means[best])
    much = f"{100 * gain / abs(own):.0f} % better" if own else "better"
    way, change = _what(best, trainings.get(best, 0), length), _how(best, policy, length)
    return f"{way} is {much} here (no gate, nothing held out){change}."


def _without_skill(metric: str, means: Mapping[str, float]) -> bool:
    loss = metric_named(metric).loss
    own, constant = loss(means["policy"]), loss(means.get(NO_SKILL, math.nan))
    return own - constant > NOTICED * abs(own)


def _what(way: str, trainings: int, length: int) -> str:
    window = re.fullmatch(r"rolling (\d+)", way)
    if window or way == "fixed window":
        return f"A rolling window of {window[1] if window else length} batches, trained before every batch,"
    return {
        "never": "Never retraining",
        "every batch": "Training on all rows before every batch",
        "periodic": f"A periodic schedule of {trainings} trainings",
    }[way]


def _how(way: str, policy: RetrainPolicy, length: int) -> str:
    window = re.fullmatch(r"rolling (\d+)", way)
    if window or way == "fixed window":
        batches = int(window[1]) if window else length
        if (policy.window.kind, policy.window.batches) != ("rolling", batches):
            return f": `window: {{kind: rolling, batches: {batches}}}`"
        return ": its window is yours, so train more often"
    return {
        "never": ": its drift and alarms cost more than they save; raise the margins",
        "every batch": ": `every_batches: 1`",
        "periodic": ": `every_batches` in place of the alarms",
    }[way]
