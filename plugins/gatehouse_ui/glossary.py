"""The words of ours that pages explain where they stand. docs/reference/glossary.md has all of them, with the same meanings."""

from __future__ import annotations

TERMS = {
    "batch": "an immutable slice of source rows, keyed by its interval (2013-03, 2013-W10, 2013-03-07, 2013-03-07T14)",
    "candidate": "one estimator of the use case, fitted in a retrain run",
    "challenger": "the best candidate, registered and compared by the gate",
    "champion": "the model version in production",
    "contract": "what a batch must satisfy: columns, types, expectations with severities",
    "decay": "the champion's measured quality fell",
    "drift": "the inputs, scores or labels changed",
    "evidence": "everything from which a decision is computed, archived and content-hashed",
    "generation": "counts the changes of champion and rises by exactly one",
    "holdout": "the newest matured rows, kept from training, on which challenger and champion are compared",
    "incident": "alarms with one cause, from the first batch until they are resolved",
    "maturity": "the share of a batch's rows whose outcomes have arrived",
    "outcome": "the label of a row. It arrives later than the row",
    "policy": "the rules of gate.yaml, versioned by their hash",
    "quarantine": "where rejected rows and batches wait, with the reason, for release or discard",
    "reference": "the profile of the data that trained the champion, and its quality on its own holdout",
    "revision": "another delivery under the same key with other content. The old one is kept",
    "verdict": "PROMOTE, HOLD (not enough evidence yet), REVIEW (a person must decide) or BLOCK",
}
