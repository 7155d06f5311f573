"""`contract.yaml`, `retrain.yaml` and `gate.yaml` for what was found and chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gatehouse.proposal.choose import Chosen
    from gatehouse.proposal.limits import Limits


def contract_text(
    name: str, source: Mapping[str, Any], chosen: Chosen, first: str, table: Mapping[str, Any], outcomes: Mapping[str, Any],
    notes: Sequence[str],
) -> str:  # fmt: skip
    """The contract, with the evidence in front."""
    document = {
        "use_case": name, "title": f"Predict {outcomes['label']}", "owner": "data engineering", "source": dict(source),
        "batch": chosen.frequency, "first": first, "tables": {"rows": dict(table)}, "outcomes": dict(outcomes),
    }  # fmt: skip
    return _text("What a batch must satisfy. Owner: data engineer. Proposed from the files:", document, notes)


def retrain_text(task: str, limits: Limits) -> str:
    """When to retrain: measured loss and calibration decide; drift is reported."""
    document = {
        "task": task,
        "first_after": limits.first_training,
        "holdout": {"batches": limits.holdout},
        "choose_by": limits.metric,
        "reasons": {
            "drift": {"request": False},
            "decay": {"metric": limits.metric, "margin": 2 * limits.margin, "min_rows": limits.min_rows},
            "calibration": {"gap": limits.gap, "min_rows": limits.min_rows},
        },
        "cooldown": 1,
    }
    return _text("When to retrain, and on what. Owner: data scientist.", document, ())


def gate_text(name: str, task: str, limits: Limits) -> str:
    """What a challenger must satisfy; the first one serves when it keeps the absolute rules."""
    floor = (
        {"metric": "roc_auc", "min": 0.5, "says": "Labels are ordered better than by chance."}
        if task == "classification"
        else {"metric": "r2", "min": 0.0, "says": "It is better than always saying the mean."}
    )
    margin = f"{limits.margin:g}"
    rules = [
        {"rule": "data_validated", "says": "Every batch that was trained on or held out has passed its contract."},
        {"rule": "enough_rows", "says": f"At least {limits.min_rows:,} held-out rows.", "min_rows": limits.min_rows},
        {"rule": "loads_cleanly", "says": "The file loads in a clean process within ten seconds.", "max_seconds": 10},
        {"rule": "handles_unseen", "says": "A missing value or a new text gets a prediction, never an error."},
        {"rule": "not_constant", "says": "It does not say the same of every row.", "max_share": 0.99},
        {
            "rule": "no_dominant_feature", "says": "A column that carries nearly everything is noted: it may be a leak.",
            "max_share": 0.95, "on_fail": "warn",
        },
        {"rule": "metric_bound", **floor},
        {
            "rule": "not_worse_than_champion", "metric": limits.metric, "margin": limits.margin,
            "says": f"Not worse than the model in production by more than {margin} of {limits.metric.replace('_', ' ')}.",
        },
    ]  # fmt: skip
    document = {
        "use_case": name, "metric": limits.metric, "first_model": "promote",
        "review": {"approvers": ["reviewer", "admin"], "timeout": "3 days", "no_answer": "reject"},
        "min_rows": limits.min_rows, "min_blocks": limits.min_blocks, "rules": rules,
    }  # fmt: skip
    why = f"The margin is what {limits.held_rows:,} held-out rows can tell apart."
    return _text("What a challenger must satisfy before it serves. Owner: risk owner.", document, (why,))


def _text(title: str, document: Mapping[str, Any], notes: Sequence[str]) -> str:
    comments = "".join(f"# {line}\n" for line in (title, *(f"- {note}" for note in notes)))
    body = yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True, width=110, default_flow_style=None)
    return comments + body
