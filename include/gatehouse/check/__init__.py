"""`gatehouse use-case check`: run a use case on real rows, without a ledger or MLflow, and list everything that would fail."""

from gatehouse.check.problem import Problem
from gatehouse.check.run import Report, check

__all__ = ["Problem", "Report", "check"]
