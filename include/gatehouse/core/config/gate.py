"""`gate.yaml`, the risk owner's file: what a challenger must satisfy, who may approve, what happens with no answer."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Union

from pydantic import AfterValidator, Field, PrivateAttr, model_validator

from gatehouse.core.audit.canonical_json import canonical, sha256
from gatehouse.core.config.base import Name, SpanText, Spec
from gatehouse.core.config.override_probation import OverridePolicy, ProbationPolicy
from gatehouse.core.config.renamed_keys import GATE, RESULTS, RenamedKeys
from gatehouse.core.config.trusted_types import TrustedType
from gatehouse.core.contract.batch_calendar import Span
from gatehouse.core.gate.rules.base import MetricName, Rule
from gatehouse.core.gate.rules.registry import registered
from gatehouse.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping


RULES: dict[str, type[Rule]] = registered()  # what a message lists as allowed comes from here, too
if TYPE_CHECKING:
    AnyRule = Rule
else:
    AnyRule = Annotated[Union[tuple(RULES.values())], Field(discriminator="rule")]  # noqa: UP007 - made at run time

COLUMN = r"[A-Za-z_]\w*"
# What a key that an archived text lacks means: that which was done before there was the key.
ABSENT: dict[str, Any] = {"error_budget": "decision", "self_test": 0, "final_fit": False, "four_eyes": False}
ABSENT_IN_RULES: dict[str, dict[str, Any]] = {"slice_floor": {"compare": "estimate"}}


def _block(text: str) -> str:
    if re.fullmatch(COLUMN, text):
        return text
    try:
        Span.parse(text)
    except ConfigurationError as error:
        raise ValueError(f"{error}, or the name of one of the use case's SLICES") from None
    return text


BlockText = Annotated[str, AfterValidator(_block)]


class ReviewConfig(Spec):
    """Who answers a REVIEW (their names in Airflow), and how long it waits. No answer never promotes."""

    approvers: Annotated[tuple[str, ...], Field(min_length=1)]
    timeout: SpanText
    on_timeout: Literal["reject"] = "reject"


class GatePolicy(Spec):
    """The policy: ordered rules, and how sure comparisons must be.

    Intervals have `confidence` (both sides together) from `resamples` draws of whole blocks: spans of time `resample_by`,
    whose days begin at `day_start_utc` (UTC), or the rows of one entity when `resample_by` names a column of the use case's
    SLICES. With fewer than `min_rows` rows or `min_blocks` blocks nothing is compared. `error_budget` says what the error
    of a comparison is promised over: all looks at one `champion`, of which half is spent by look `error_half_life_looks`,
    or each `decision` anew. `self_test` is the set of mutants that the gate judges before each decision (0: none).
    `no_champion` is what happens without a champion. A model file has at most `max_model_mib`, and may hold `trusted_types`
    besides those that every model may hold. With `final_fit` the version that serves is fitted again on all rows, including
    the held-out ones; the gate judges its twin without them. Without the key there is a final fit, unless a rule demands
    more than the champion: a twin that knows no newer rows than the champion could never show that. With `four_eyes` nobody
    approves or overrides for a model whose training they alone asked for.
    """

    renamed_keys: ClassVar[RenamedKeys] = GATE

    use_case: Name | None = None
    metric: MetricName
    no_champion: Literal["promote", "review", "block"]
    review: ReviewConfig
    resample_by: BlockText = "1 day"
    day_start_utc: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "00:00"
    confidence: Annotated[float, Field(ge=0.5, le=0.999)] = 0.95
    resamples: Annotated[int, Field(ge=200, le=100_000)] = 2000
    min_rows: Annotated[int, Field(ge=1)] = 500
    min_blocks: Annotated[int, Field(ge=5)] = 10
    error_budget: Literal["champion", "decision"] = "champion"
    error_half_life_looks: Annotated[int, Field(ge=1, le=1000)] = 1
    self_test: Literal[0, 1] = 1
    override: OverridePolicy = OverridePolicy()
    four_eyes: bool = True
    probation: ProbationPolicy | None = None
    final_fit: bool | None = None
    trusted_types: tuple[TrustedType, ...] = ()
    max_model_mib: Annotated[int, Field(ge=1, le=65_536)] = 512
    rules: tuple[AnyRule, ...]
    _archived: str | None = PrivateAttr(default=None)

    @classmethod
    def archived(cls, text: str) -> GatePolicy:
        """The policy of an archived text, which stays its text: a key that the text lacks means what it meant before
        there was that key, not what is the default today, and the hash is that of the text."""
        given = cls.renamed_keys.current(json.loads(text))
        rules = [ABSENT_IN_RULES.get(rule["rule"], {}) | rule for rule in given["rules"]]
        policy = cls.model_validate_json(json.dumps({**ABSENT, **given, "rules": rules}))
        policy._archived = text
        return policy

    @property
    def first_form(self) -> bool:
        """Whether the text is of before results told their standard error and the side of their limit."""
        return self._archived is not None and "error_budget" not in self.renamed_keys.current(
            json.loads(self._archived)
        )

    @property
    def result_names(self) -> Mapping[str, str]:
        """How the decisions that were made by this text name the results that have another name today."""
        old = self._archived is not None and "no_champion" not in json.loads(self._archived)
        return {new: name for name, new in RESULTS.items()} if old else {}

    @property
    def fits_on_all_rows(self) -> bool:
        """Whether the version that serves is fitted again on all rows."""
        demands_more = any(
            rule.rule == "better_than_champion" and rule.mode == "enforce" and rule.on_fail != "warn"
            for rule in self.rules
        )
        return not demands_more if self.final_fit is None else self.final_fit

    @property
    def block_column(self) -> str | None:
        """The column whose values are the blocks; None when blocks are spans of time."""
        return self.resample_by if re.fullmatch(COLUMN, self.resample_by) else None

    @model_validator(mode="after")
    def _enforces_something(self) -> GatePolicy:
        if not any(rule.mode == "enforce" and rule.on_fail != "warn" for rule in self.rules):
            raise ValueError("at least one rule must be enforced, with on_fail block or review")
        return self

    @property
    def text(self) -> str:
        """The policy as canonical JSON, defaults included, or as it was archived: `GatePolicy.archived` reads it back."""
        return self._archived or canonical(self.model_dump(mode="json"))

    @property
    def hash(self) -> str:
        """The version of the policy: the hash of its text."""
        return sha256(self.text)
