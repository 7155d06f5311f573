"""The rules of `gate.yaml` on made-up evidence: a model of the sample against itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from gatehouse.check.model import Fitted
from gatehouse.check.problem import Problems
from gatehouse.core.gate.evidence import Evidence, HoldoutData, ModelFacts
from gatehouse.core.gate.rules.metrics_context import MetricsContext
from gatehouse.core.rows.row_keys import KEY
from gatehouse.core.types import RuleOutcome
from gatehouse.errors import ModelError
from gatehouse.model_code import slices_of
from gatehouse.pipeline.batch_data.labelled_rows import weights_in
from gatehouse.pipeline.batch_data.row_keys import TIME
from gatehouse.pipeline.judge.measurements import MeasurementContext
from gatehouse.pipeline.judge.measurements.registry import MEASUREMENTS
from gatehouse.user_code import RISK_OWNER, user_code

if TYPE_CHECKING:
    from datetime import datetime

    from gatehouse.context import UseCaseContext
    from gatehouse.core.gate.measurements import Measurement
    from gatehouse.core.gate.rules.base import Rule

WITHOUT_A_LEDGER = ("golden_set", "invariant", "monotone", "own_metrics", "python", "unseen")
FAILS_WHATEVER_THE_DATA = ("handles_unseen_values", "loads_in_clean_process")


def try_rules(ctx: UseCaseContext, fitted: Fitted, problems: Problems) -> int:
    """Measure and judge every rule that is not off, without and with a champion; how many were tried."""
    tried = [(position, rule) for position, rule in enumerate(ctx.case.gate.rules) if rule.mode != "off"]
    for with_champion in (False, True):
        subject = _subject(ctx, fitted, with_champion)
        for position, rule in tried:
            place = f"gate.yaml: rules.{position} ({rule.rule})"
            measured = {need.key: _measured(subject, need, place, problems) for need in rule.needs()}
            with problems.during("gate"), user_code(ModelError, ctx.case.folder / "gate.yaml", place, RISK_OWNER):
                _judge(ctx, rule, _evidence(subject, measured), place, problems)
    return len(tried)


def _measured(subject: MeasurementContext, need: Measurement, place: str, problems: Problems) -> dict[str, Any]:
    if need.kind not in WITHOUT_A_LEDGER:
        return {"error": "a check does not measure it"}
    try:
        with user_code(ModelError, subject.ctx.case.folder / "gate.yaml", place, RISK_OWNER):
            return MEASUREMENTS[need.kind](subject, need)
    except ModelError as error:
        where = error.where if error.where and not error.where.endswith("gate.yaml") else place
        problems.report("gate", error.what, error.found, error.allowed, where)
        return {"error": str(error)}


def _judge(ctx: UseCaseContext, rule: Rule, evidence: Evidence, place: str, problems: Problems) -> None:
    if rule.compares and evidence.champion is None:
        return
    for result in rule.judged(MetricsContext(evidence, ctx.case.gate, ctx.case.retrain.seed)):
        if rule.rule in FAILS_WHATEVER_THE_DATA and result.outcome is RuleOutcome.FAIL:
            problems.report("gate", f"{result.rule} would fail", result.sentence, "", place)


def _subject(ctx: UseCaseContext, fitted: Fitted, with_champion: bool) -> MeasurementContext:
    """What measuring works on, with the model as its own champion. Nothing here asks for a version or a training set."""
    nothing = cast("Any", None)
    reigning, former = (fitted.estimator, fitted.predictions) if with_champion else (None, None)
    return MeasurementContext(
        ctx, nothing, None, nothing, fitted.newer, fitted.estimator, fitted.predictions, reigning, former
    )


def _evidence(subject: MeasurementContext, measured: dict[str, dict[str, Any]]) -> Evidence:
    frame, case = subject.frame, subject.ctx.case
    champion = None if subject.former is None else 1
    slices = [name for name in slices_of(case.model, case.model_file) if name in frame]
    return Evidence(
        use_case=case.name,
        task=case.retrain.task,
        version=2,
        model_sha256="0" * 64,
        champion=champion,
        champion_sha256=None if champion is None else "0" * 64,
        generation=champion or 0,
        training_set="0" * 64,
        holdout=HoldoutData(
            keys=frame[KEY].to_numpy("str"),
            labels=subject.labels,
            time=frame[TIME].dt.tz_localize(None).to_numpy("datetime64[us]"),
            challenger=subject.predictions,
            champion=subject.former,
            slices={name: frame[name].astype("str").to_numpy("str") for name in slices},
            classes=case.retrain.class_names,
            weights=weights_in(frame),
        ),
        facts=_facts(len(frame), frame[TIME].min().to_pydatetime()),
        measured=measured,
    )


def _facts(rows: int, moment: datetime) -> ModelFacts:
    return ModelFacts(1.0, rows, moment, moment, 1, 0.0, 1.0, "", 1)
