"""Measuring: what the policy's rules need is measured with the models and files at hand, and archived as plain values.

The gate never measures: it reads what is here, so a decision stays a pure function of evidence and policy.
"""

from gatehouse.stages.measuring.metrics import metrics_of
from gatehouse.stages.measuring.needed import measure_all, needed
from gatehouse.stages.measuring.subject import Subject

__all__ = ["Subject", "measure_all", "metrics_of", "needed"]
