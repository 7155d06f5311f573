"""The classes that a model was trained on against those of `retrain.yaml`: a model knows them by their places only."""

from __future__ import annotations

import json

from gatehouse.context import UseCaseContext
from gatehouse.core.drift.reference import Reference
from gatehouse.core.types import ModelVersion
from gatehouse.errors import ModelError


def check_classes(ctx: UseCaseContext, model: ModelVersion) -> None:
    """Raise ModelError where the model's classes are not the first ones of `classes`, in their order.

    A class that was added at the end is one that the model gives no probability. Any other change would turn the
    model's probabilities of one class into those of another. A model of two classes that were 0 and 1 takes any two names.
    """
    today, several = ctx.case.retrain.label_names, bool(ctx.case.retrain.class_names)
    if not today:
        return
    reference = Reference.from_document(json.loads(ctx.lake.read(model.reference)))
    then = reference.classes if several else tuple(reference.made_by.get("label_names", ()))
    if (several and not then) or then != today[: len(then)]:
        raise ModelError(
            f"version {model.version} was trained on other classes",
            where=f"{ctx.case.folder.name}/retrain.yaml: classes",
            found=", ".join(today),
            allowed=(", ".join(then) or "two classes, or a number") + ("; then any new ones" if several else ""),
            owner="data scientist",
        )
