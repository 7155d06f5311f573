"""What a model was made from, as MLflow tags: data, code, environment, seed."""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import version

from gatehouse.context import UseCaseContext
from gatehouse.core.audit.canonical_json import sha256
from gatehouse.core.retraining.manual_options import requested_window
from gatehouse.core.retraining.reinstatement import reinstated_version
from gatehouse.core.types import TrainingSet
from gatehouse.settings import ROOT

RUNTIME = ("scikit-learn", "numpy", "pandas", "skops")


def provenance(ctx: UseCaseContext, training_set: TrainingSet) -> dict[str, str]:
    """Tags for a candidate's run."""
    lock = ROOT / "requirements.txt"
    request = ctx.ledger.requests.get(training_set.request)
    why = "; ".join(f"{reason.kind}: {reason.sentence}" for reason in request.reasons)
    former = reinstated_version(request)
    trained, held = (
        [batch.key for batch in part] for part in (training_set.training_batches, training_set.holdout_batches)
    )
    return {
        "mlflow.note.content": f"{ctx.case.contract.title}: a candidate, trained on {trained[0]} to {trained[-1]}; the gate's "
        f"rows are {', '.join(held)}, which it has not seen. Asked for by {request.opened_by}, because {why}.",
        "gatehouse.reasons": why,
        "gatehouse.opened_by": request.opened_by,
        "gatehouse.window": f"of version {former}"
        if former
        else requested_window(request, ctx.case.retrain.window).name,
        "gatehouse.use_case": ctx.name,
        "gatehouse.request": training_set.request,
        "gatehouse.training_set": training_set.sha256,
        "gatehouse.training_batches": " ".join(batch.key for batch in training_set.training_batches),
        "gatehouse.holdout_batches": " ".join(batch.key for batch in training_set.holdout_batches),
        "gatehouse.model_code": ctx.case.code_sha256,
        "gatehouse.seed": str(ctx.case.retrain.seed),
        "gatehouse.lock": sha256(lock.read_bytes()) if lock.is_file() else "no lock",
        "gatehouse.git": git_revision(),
        "gatehouse.python": platform.python_version(),
    }


def requirements() -> list[str]:
    """What loading a model needs, pinned to what made it."""
    return [f"{name}=={version(name)}" for name in RUNTIME]


def git_revision() -> str:
    """The revision of the checkout, with `-dirty` when it has uncommitted changes; `unknown` outside a checkout."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12", "--match", ""]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"
    return done.stdout.strip() or "unknown"
