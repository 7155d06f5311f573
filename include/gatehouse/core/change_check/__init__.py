"""What a change to a use case means, decided from two replays of the same history."""

from gatehouse.core.change_check.findings import (
    BatchResult,
    Finding,
    FlippedVerdict,
    Limits,
    contract_finding,
    model_finding,
    policy_finding,
)

__all__ = [
    "BatchResult", "Finding", "FlippedVerdict", "Limits", "contract_finding", "model_finding", "policy_finding",
]  # fmt: skip
