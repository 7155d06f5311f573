"""Records of models and decisions, of what people did, and the audit log's lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gatehouse.core.audit.canonical_json import finite
from gatehouse.core.types.enums import PromotionKind, RuleOutcome, Verdict
from gatehouse.core.types.work import FileRef

_NUMBERS = ("value", "limit", "low", "high", "standard_error")


@dataclass(frozen=True)
class ModelVersion:
    """A registered model: the bytes are `file`, its sha256 is the ledger's, not MLflow's."""

    use_case: str
    version: int
    candidate: str
    file: FileRef
    reference: FileRef
    training_set: str
    request: str
    run_id: str
    trained_until: datetime


@dataclass(frozen=True)
class Champion:
    """The model in production; the generation rises by exactly one with each change."""

    generation: int
    model: ModelVersion


@dataclass(frozen=True)
class RuleResult:
    """One rule judged: the measured value, the limit, the rows it rests on, and a sentence for people.

    `missing_rows` estimates, for an INCONCLUSIVE comparison, how many further matured rows would settle it; `bound` says
    on which side of the limit the value has to be: `at most`, `at least` or `more than` ("" where it is not known).
    """

    rule: str
    outcome: RuleOutcome
    sentence: str
    value: float | None = None
    limit: float | None = None
    low: float | None = None
    high: float | None = None
    rows: int = 0
    missing_rows: int | None = None
    on_fail: str = "block"
    standard_error: float | None = None
    bound: str = ""

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> RuleResult:
        """The result as it was stored. A number that was undefined is None, also in documents of earlier versions."""
        undefined = {name: None for name in _NUMBERS if finite(document.get(name)) is None}
        return cls(**{**document, **undefined, "outcome": RuleOutcome(document["outcome"])})


@dataclass(frozen=True)
class Decision:
    """A verdict on one challenger under one policy: a pure function of (evidence, policy), immutable."""

    id: str
    use_case: str
    version: int
    verdict: Verdict
    sentence: str
    results: tuple[RuleResult, ...]
    evidence: str
    policy: str
    champion: int | None
    generation: int


@dataclass(frozen=True)
class Promotion:
    """One change of champion, naming the decision or the person behind it (invariant I2). `at` is the ledger's clock."""

    use_case: str
    generation: int
    version: int
    kind: PromotionKind
    decision: str | None
    actor: str
    reason: str
    at: datetime | None = None
    override: str | None = None


@dataclass(frozen=True)
class Override:
    """A named person's word against a HOLD, REVIEW or BLOCK. It serves until `expires` (wall-clock); where the policy
    wants a second person, only after `confirmed_by` has said so too. `requester` is who asked for the training."""

    id: str
    use_case: str
    version: int
    generation: int
    decision: str
    actor: str
    reason: str
    expires: datetime
    second_person: bool
    requester: str = ""
    confirmed_by: str = ""
    confirmation: str = ""


@dataclass(frozen=True)
class Probation:
    """A new champion compared with the former one on matured batches up to `key`. `verdict` is open, worse or passed."""

    use_case: str
    generation: int
    key: str
    former: int
    verdict: str
    sentence: str
    result: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AuditEntry:
    """One line of the audit log; `hash` covers everything here and the previous entry's hash."""

    seq: int
    kind: str
    subject: str
    actor: str
    at: datetime
    body: str
    previous: str
    hash: str
