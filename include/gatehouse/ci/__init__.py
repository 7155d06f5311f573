"""`gatehouse ci`: what the change of a branch means for the use cases that it touches, from files alone."""

from gatehouse.ci.run import CheckedChange, check_changes

__all__ = ["CheckedChange", "check_changes"]
