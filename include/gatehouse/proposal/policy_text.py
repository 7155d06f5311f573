"""`contract.yaml`, `retrain.yaml` and `gate.yaml` for what was found and chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gatehouse.proposal.choose import Chosen
    from gatehouse.proposal.limits import Limits


FLOORS: dict[str, tuple[str, float, str]] = {
    "classification": ("roc_auc", 0.5, "Labels are ordered better than by chance."),
    "multiclass": ("weighted_auc", 0.5, "Classes are told apart better than by chance."),
    "regression": ("r2", 0.0, "It is better than always saying the mean."),
}
NO_SKILL = ("d2_log_loss", 0.0, "Its chances are better than always saying how often each class occurs.")


def contract_text(
    name: str, source: Mapping[str, Any], chosen: Chosen, span: tuple[str, str | None], table: Mapping[str, Any],
    outcomes: Mapping[str, Any], notes: Sequence[str],
) -> str:  # fmt: skip
    """The contract, with the evidence in front. `span` has the first batch, and the last one if there is one."""
    first, last = span
    document = {
        "use_case": name, "title": f"Predict {outcomes['label']}", "owner": "data engineering", "source": dict(source),
        "frequency": chosen.frequency, "first_batch": first, **({"last_batch": last} if last else {}),
        "tables": {"rows": dict(table)}, "outcomes": dict(outcomes),
    }  # fmt: skip
    return _text("What a batch must satisfy. Owner: data engineer. Proposed from the data:", document, notes)


def retrain_text(task: str, limits: Limits, classes: Sequence[str] = ()) -> str:
    """When to retrain: measured loss and calibration decide; drift is reported."""
    document = {
        "task": task,
        **({"classes": list(classes)} if classes else {}),
        "min_batches_first_training": limits.first_training,
        "holdout": {"batches": limits.holdout},
        "selection_metric": limits.metric,
        "triggers": {
            "drift": {"trigger_retraining": False},
            "decay": {"metric": limits.metric, "margin": 2 * limits.margin, "min_rows": limits.min_rows},
            "calibration": {"gap": limits.gap, "min_rows": limits.min_rows},
        },
        "cooldown_batches": limits.cooldown,
    }
    return _text("When to retrain, and on what. Owner: data scientist.", document, ())


def gate_text(name: str, task: str, limits: Limits) -> str:
    """What a challenger must satisfy; the first one serves when it keeps the absolute rules."""
    floors = [FLOORS[task], *([] if task == "regression" else [NO_SKILL])]
    margin = f"{limits.margin:g}"
    rules = [
        {"rule": "data_validated", "description": "Every batch that was trained on or held out has passed its contract."},
        {"rule": "enough_rows", "description": f"At least {limits.min_rows:,} held-out rows.", "min_rows": limits.min_rows},
        {"rule": "loads_in_clean_process", "description": "It loads within ten seconds.", "max_seconds": 10},
        {"rule": "handles_unseen_values", "description": "A missing value or a new text gets a prediction, never an error."},
        {"rule": "predictions_vary", "description": "It does not say the same of every row.", "max_share": 0.99},
        {
            "rule": "no_dominant_feature", "description": "A column that carries nearly everything is noted: it may be a leak.",
            "max_share": 0.95, "on_fail": "warn",
        },
        *({"rule": "metric_bound", "metric": metric, "min": least, "description": says} for metric, least, says in floors),
        {
            "rule": "not_worse_than_champion", "metric": limits.metric, "margin": limits.margin,
            "description": f"Not worse than the model in production by more than {margin} of {limits.metric.replace('_', ' ')}.",
        },
    ]  # fmt: skip
    document = {
        "use_case": name, "metric": limits.metric, "no_champion": "promote",
        "review": {"approvers": ["reviewer", "admin"], "timeout": "3 days", "on_timeout": "reject"},
        **({"resample_by": limits.resample_by} if limits.resample_by else {}),
        "min_rows": limits.min_rows, "min_blocks": limits.min_blocks, "rules": rules,
    }  # fmt: skip
    why = f"The margin is what {limits.held_rows:,} held-out rows can tell apart."
    return _text("What a challenger must satisfy before it serves. Owner: risk owner.", document, (why,))


def _text(title: str, document: Mapping[str, Any], notes: Sequence[str]) -> str:
    comments = "".join(f"# {line}\n" for line in (title, *(f"- {note}" for note in notes)))
    body = yaml.dump(
        dict(document), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None
    )
    return comments + body


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines, such as queries, as they are."""

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> yaml.MappingNode:
        lines = any(isinstance(value, str) and "\n" in value for value in mapping.values())
        return super().represent_mapping(tag, mapping, flow_style=False if lines else flow_style)

    def represent_str(self, data: str) -> yaml.ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:str", data, style="|" if "\n" in data else None)


_Dumper.add_representer(str, _Dumper.represent_str)
