"""Behaviour: the challenger's predictions when one feature is changed and all others are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gatehouse.core.gate.measurements import Measurement
from gatehouse.core.gate.perturbation_stats import changes, directions
from gatehouse.core.rows.with_columns import with_columns
from gatehouse.errors import ModelError
from gatehouse.pipeline.judge.measurements.measurement_context import MeasurementContext
from gatehouse.stacked_tables import stacked

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

UNSEEN = "a category that nobody has seen"


def monotone(subject: MeasurementContext, need: Measurement) -> dict[str, Any]:
    """On every row of the sample the feature is set to values spread evenly over its different held-out values: most of
    the rows of a feature such as rain have one and the same."""
    import numpy as np
    import pandas as pd

    feature, sample = str(need["feature"]), subject.sample(need["rows"])
    known = subject.column(feature).dropna()
    if not pd.api.types.is_numeric_dtype(known):
        raise ModelError(f"{feature!r} is not a number: it has no direction")
    different = np.unique(known.to_numpy("float64"))
    if len(different) < 2:
        raise ModelError(f"{feature!r} has {len(different)} different values in the holdout; needed: two")
    values = different[np.linspace(0, len(different) - 1, min(need["points"], len(different))).round().astype(int)]
    grid = stacked([_set(sample, feature, value) for value in values])
    predicted = _of_class(subject, need, subject.predict(grid)).reshape(len(values), len(sample))
    return {**directions(predicted), "points": len(values), "rows": len(sample)}


def _of_class(subject: MeasurementContext, need: Measurement, predicted: NDArray[np.float64]) -> NDArray[np.float64]:
    """The predictions, of more than two classes the probability of the one that is asked of."""
    if predicted.ndim == 1:
        return predicted
    return predicted[:, subject.ctx.case.retrain.class_names.index(dict(need.args)["of_class"])]


def invariant(subject: MeasurementContext, need: Measurement) -> dict[str, Any]:
    """The column is replaced by each of the values asked for, or its values are dealt out anew over the sample's rows."""
    import numpy as np

    column, sample = str(need["column"]), subject.sample(need["rows"])
    kind, before = subject.column(column).dtype, subject.predict(sample)
    if need["values"]:
        changed = [_set(sample, column, value if _is_text(kind) else float(value)) for value in need["values"]]
    else:
        dealt = np.random.default_rng(0).permutation(len(sample))
        changed = [_set(sample, column, sample[column].take(dealt).set_axis(sample.index))]
    after = np.stack([subject.predict(each) for each in changed])
    return {**changes(before, after), "rows": len(sample)}


def unseen_values(subject: MeasurementContext, need: Measurement) -> dict[str, Any]:
    """Each feature in turn is missing, and each text a category of its own; what the model says of it is kept.

    All cases are predicted at once, since many small predictions are slow; one by one only when that fails.
    """
    sample = subject.sample(need["rows"])
    cases = _cases(subject, sample, need["columns"] or tuple(subject.inputs))
    failures = {}
    if _refused(subject, stacked(list(cases.values()))):
        found = {case: _refused(subject, changed) for case, changed in cases.items()}
        failures = {case: why for case, why in found.items() if why}
    return {"tried": len(cases), "failures": failures, "rows": len(sample)}


def _cases(subject: MeasurementContext, sample: pd.DataFrame, columns: tuple[str, ...]) -> dict[str, pd.DataFrame]:
    cases = {}
    for name in columns:
        kind, values = subject.column(name).dtype, sample[name]
        cases[f"{name} missing"] = _set(sample, name, values.where(values.isna()))
        if _is_text(kind):
            cases[f"{name} unseen"] = _set(sample, name, UNSEEN)
    return cases


def _refused(subject: MeasurementContext, inputs: pd.DataFrame) -> str:
    """What the model says against these inputs; empty when it predicts a finite number for every row."""
    try:
        subject.predict(inputs)
    except ModelError as error:
        return str(error)[:200]
    return ""


def _set(sample: pd.DataFrame, column: str, value: Any) -> pd.DataFrame:
    """The sample with the column replaced; a categorical column stays one, with the value among its categories."""
    import pandas as pd

    kind = sample[column].dtype
    changed = with_columns(sample, {column: value})
    if not isinstance(kind, pd.CategoricalDtype) or changed[column].dtype == kind:
        return changed
    known = kind.categories.append(pd.Index([value]).difference(kind.categories))
    return with_columns(changed, {column: changed[column].astype(pd.CategoricalDtype(known, kind.ordered))})


def _is_text(kind: Any) -> bool:
    """Whether a column holds texts, be it as categories."""
    import pandas as pd

    values = kind.categories.dtype if isinstance(kind, pd.CategoricalDtype) else kind
    return bool(pd.api.types.is_string_dtype(values) or str(values) == "object")
