"""What the forms of the DAGs and reviews ask for."""

from __future__ import annotations

from collections.abc import Sequence

from airflow.sdk import Param
from airflow.sdk.execution_time.hitl import HITLUser

from gatehouse.core.config.retrain import Window
from gatehouse.core.contract.batch_calendar import EXAMPLES, BatchKind
from gatehouse.core.retraining.manual_options import WINDOWS

KEYS = {
    "year": r"\d{4}",
    "quarter": r"\d{4}-Q[1-4]",
    "month": r"\d{4}-(0[1-9]|1[0-2])",
    "week": r"\d{4}-W(0[1-9]|[1-4]\d|5[0-3])",
    "day": r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])",
    "hour": r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3])",
}
REASON = Param(
    "", type="string", minLength=10, title="Reason", description="Why, in a sentence: it goes on record with your name."
)

# A review's own form: Airflow fails a review whose default does not validate, so an empty reason is refused by the ledger.
REVIEW_REASON = Param(
    "", type="string", title="Reason", description="Why, in a sentence: it goes on record with your name."
)

BATCH_REF = Param(
    None,
    type=["null", "string"],
    pattern=r"^.+\.r\d+$",
    title="Batch and revision",
    description="Such as 2013-03.r1; empty takes the oldest accepted batch that waits.",
)
RETRAIN_REASON = Param(
    None,
    type=["null", "string"],
    minLength=10,
    title="Reason",
    description="Why retrain now, in a sentence: it goes on record with your name. Empty takes the open request.",
)
OWN_WINDOW = "own"
BATCHES = Param(
    None,
    type=["null", "integer"],
    minimum=1,
    maximum=1000,
    title="Batches of a rolling window",
    description="How many of the newest matured batches to train on; for a rolling window only.",
)
DECISION = Param(
    None,
    type=["null", "string"],
    pattern=r"^[0-9a-f]{6,64}$",
    title="Decision",
    description="The decision to make again, by the first characters of its id (`gatehouse decision list USECASE`).",
)
OVERRIDDEN = Param(
    "",
    type="string",
    pattern=r"^[0-9a-f]{6,64}$",
    title="Decision",
    description="The HOLD, REVIEW or BLOCK, by the first characters of its id (`gatehouse decision list USECASE`).",
)
OVERRIDE_ACT = Param(
    "override",
    type="string",
    enum=["override", "confirm"],
    title="Act",
    description="*override* it; or *confirm*, as the second person, what somebody else has overridden.",
)
VERSION = Param(
    None,
    type=["null", "integer"],
    minimum=1,
    title="Version",
    description="The earlier champion to go back to; empty takes the one before the present.",
)
MAY_PROMOTE = Param(
    False,
    type="boolean",
    title="May promote",
    description="Ticked: one training follows the whole range, and its challenger goes before the gate. "
    "Not ticked: nothing is trained for it and the champion stays.",
)
DRY_RUN = Param(
    True,
    type="boolean",
    title="Dry run",
    description="Only say what would change: which version since when, by which decision, its measured quality.",
)


def batch_key(kind: BatchKind) -> Param:
    """A key of that kind of batch, or nothing."""
    return Param(
        None,
        type=["null", "string"],
        pattern=f"^{KEYS[kind]}$",
        title="Batch",
        description=f"A key such as {EXAMPLES[kind]} to fetch (again); empty takes everything that the source has.",
    )


def known_batch(kind: BatchKind) -> Param:
    """A batch that is there, with or without its revision."""
    return Param(
        "",
        type="string",
        pattern=rf"^{KEYS[kind]}(\.r[1-9]\d*)?$",
        title="Batch",
        description=f"Which batch: {EXAMPLES[kind]} for its newest revision, or {EXAMPLES[kind]}.r1 for that one.",
    )


def end_of_range(kind: BatchKind, title: str, which: str) -> Param:
    """The first or the last key of a range."""
    return Param(
        "",
        type="string",
        pattern=f"^{KEYS[kind]}$",
        title=title,
        description=f"The {which} batch of the range, by its key, such as {EXAMPLES[kind]}.",
    )


def training_window(own: Window) -> Param:
    """One kind of window, or the policy's own."""
    kinds = {kind: f"{kind}: {meaning}" for kind, meaning in WINDOWS.items()}
    return Param(
        OWN_WINDOW,
        type="string",
        enum=[OWN_WINDOW, *kinds],
        values_display={OWN_WINDOW: f"as retrain.yaml says: {own.name}", **kinds},
        title="Training window",
        description="The rows to train on, for this request only; recorded with it. The holdout stays the policy's.",
    )


def estimators(names: Sequence[str]) -> Param:
    """Some of the use case's estimators, by their names in `model.py` (any text where those cannot be read off it)."""
    one = {"type": "string", "enum": list(names)} if names else {"type": "string", "pattern": r"^[A-Za-z_][\w-]*$"}
    return Param(
        None,
        type=["null", "array"],
        items=one,
        uniqueItems=True,
        examples=list(names),
        title="Estimators",
        description="The candidates to fit, for this request only; none chosen means all of model.py.",
    )


def reviewers(names: Sequence[str]) -> list[HITLUser]:
    """The users a review is assigned to, by their name in Airflow's auth manager."""
    return [HITLUser(id=name, name=name) for name in names]
