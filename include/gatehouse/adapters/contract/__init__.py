"""Contracts in the words of Great Expectations. Importing this package does not import Great Expectations (seconds)."""

from __future__ import annotations

from gatehouse.adapters.contract.gx_checker import GreatExpectationsChecker
from gatehouse.adapters.contract.static_checks import check_contract, contract_problems

__all__ = ["PAID_ONCE", "GreatExpectationsChecker", "check_contract", "contract_problems"]

PAID_ONCE = "great_expectations"  # three seconds, which a process may pay beside something else
