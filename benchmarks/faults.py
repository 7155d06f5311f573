"""Faults for the gate: what a slip in its code or in a reading of its policy would look like. Each is one replacement."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """In `file` (below include/gatehouse/core) the text `right`, which stands there once, becomes `wrong`."""

    what: str
    file: str
    right: str
    wrong: str


BASE, BLOCKS, CHAMPION = "gate/rules/base.py", "statistics/block_bootstrap.py", "gate/rules/comparison.py"
GATE, MEASURES, METRICS = "gate/decide.py", "gate/rules/metrics_context.py", "statistics/metrics.py"
FAMILY = "statistics/multiple_testing.py"

FAULTS = (
    Fault(
        "an equal counts as better",
        BASE,
        "if limit < estimate.low <= estimate.high:",
        "if limit <= estimate.low <= estimate.high:",
    ),
    Fault(
        "at_most passes by the lower end",
        BASE,
        "if estimate.low <= estimate.high <= limit:",
        "if estimate.low <= limit:",
    ),
    Fault(
        "at_most passes what is NaN",
        BASE,
        "if estimate.low <= estimate.high <= limit:",
        "if not estimate.high > limit:",
    ),
    Fault(
        "at_most never fails",
        BASE,
        "return RuleOutcome.FAIL if estimate.low > limit",
        "return RuleOutcome.FAIL if False",
    ),
    Fault("at_least is at_most", BASE, "return at_most(-estimate, -limit)", "return at_most(estimate, limit)"),
    Fault(
        "a FAIL asks for PROMOTE",
        GATE,
        'return Verdict.BLOCK if result.on_fail == "block" else Verdict.REVIEW',
        "return Verdict.PROMOTE",
    ),
    Fault("INCONCLUSIVE asks for PROMOTE", GATE, "        return Verdict.HOLD\n", "        return Verdict.PROMOTE\n"),
    Fault(
        "the mildest verdict wins",
        GATE,
        "(Verdict.BLOCK, Verdict.HOLD, Verdict.REVIEW)",
        "(Verdict.PROMOTE, Verdict.HOLD, Verdict.REVIEW)",
    ),
    Fault("rules that block are not judged", GATE, 'if rule.mode != "off" and', 'if rule.mode == "off" and'),
    Fault(
        "a failing rule is only a warning",
        GATE,
        'if result.outcome is RuleOutcome.FAIL and rule.on_fail == "warn":',
        "if result.outcome is RuleOutcome.FAIL:",
    ),
    Fault(
        "a failed self-test does not overrule",
        GATE,
        "return result.rule in OVERRULE and",
        "return result.rule not in OVERRULE and",
    ),
    Fault(
        "a rising metric falls",
        MEASURES,
        'return -change if metric_named(metric).better == "higher" else change',
        "return change",
    ),
    Fault(
        "a falling metric rises",
        MEASURES,
        'return -change if metric_named(metric).better == "higher" else change',
        "return -change",
    ),
    Fault(
        "log loss is better when higher",
        METRICS,
        'Metric("log_loss", "log loss", "lower"',
        'Metric("log_loss", "log loss", "higher"',
    ),
    Fault(
        "ROC AUC is better when lower",
        METRICS,
        'Metric("roc_auc", "ROC AUC", "higher"',
        'Metric("roc_auc", "ROC AUC", "lower"',
    ),
    Fault(
        "the champion is compared with itself",
        MEASURES,
        "predictions = holdout.champion if of_champion else holdout.challenger",
        "predictions = holdout.champion",
    ),
    Fault(
        "the models are swapped",
        MEASURES,
        "predictions = holdout.champion if of_champion else holdout.challenger",
        "predictions = holdout.challenger if of_champion else holdout.champion",
    ),
    Fault("too few rows do not matter", MEASURES, "if estimate.rows < policy.min_rows:", "if False:"),
    Fault(
        "too few blocks do not matter",
        MEASURES,
        "if estimate.blocks < policy.min_blocks:\n            missing",
        "if False:\n            missing",
    ),
    Fault(
        "a margin is ten times as wide",
        CHAMPION,
        "at_most(worse, self.margin), worse,",
        "at_most(worse, 10 * self.margin), worse,",
    ),
    Fault(
        "a margin is read as a percentage",
        CHAMPION,
        "at_most(worse, self.margin), worse,",
        "at_most(worse, 100 * self.margin), worse,",
    ),
    Fault(
        "better_than_champion asks for not worse",
        CHAMPION,
        "more_than(gain, self.margin), gain,",
        "more_than(gain, -self.margin - 0.001), gain,",
    ),
    Fault(
        "the leak alarm rings for the worse",
        CHAMPION,
        "self._alarm(measures, at_most(measured, limit)",
        "self._alarm(measures, at_most(-measured, limit)",
    ),
    Fault(
        "a slice is judged on all rows",
        MEASURES,
        "self._codes[where]\n        weights = self._weights(where)\n",
        "self._codes[where]\n        where = np.ones_like(where)\n        codes, weights = self._codes, self._weights(where)\n",
    ),
    Fault(
        "the best slice speaks for all",
        "gate/rules/slices.py",
        "outcome = RuleOutcome.INCONCLUSIVE if open_ones else RuleOutcome.PASS",
        "outcome = RuleOutcome.PASS",
    ),
    Fault("no slice is ever rejected", FAMILY, "if p <= error and not", "if p < 0 and not"),
    Fault("Holm's correction is left out", FAMILY, "(len(known) - rank) * known[name]", "known[name]"),
    Fault("a missing slice is passed over", "gate/rules/slices.py", "if slices.missing:", "if False:"),
    Fault(
        "the training set may reach into the holdout", "gate/rules/data_quality.py", "if until > held_out:", "if False:"
    ),
    Fault(
        "intervals are half as wide",
        BLOCKS,
        "stdtrit(effective - 1, (1 + confidence) / 2))",
        "stdtrit(effective - 1, (1 + confidence) / 2) / 2)",
    ),
    Fault(
        "rows are drawn instead of blocks",
        MEASURES,
        "self._codes = _blocks(evidence, policy)",
        "self._codes = np.arange(evidence.holdout.rows)",
    ),
    Fault(
        "every look has the whole error",
        "gate/alpha_spending.py",
        "return self.total * error_share(self.number, self.half_by)",
        "return self.total",
    ),
    Fault(
        "looks are not counted",
        "gate/alpha_spending.py",
        "return InterimLook(evidence.looks + 1,",
        "return InterimLook(1,",
    ),
    Fault(
        "log loss of the other class",
        "statistics/weighted_means.py",
        "np.where(labels == 1, predictions, 1 - predictions)",
        "np.where(labels == 1, 1 - predictions, predictions)",
    ),
    Fault(
        "ties count for the challenger",
        "statistics/ranking.py",
        "below = np.cumsum(here) - here / 2",
        "below = np.cumsum(here)",
    ),
    Fault("the draws change with each run", BLOCKS, "np.random.PCG64(seed), np.empty", "np.random.PCG64(), np.empty"),
)
