"""Profiles: the mergeable summary of a batch's columns that drift is computed from."""

from gatehouse.core.profiling.categorical import CategoricalProfile
from gatehouse.core.profiling.numeric import NumericProfile
from gatehouse.core.profiling.table import ColumnProfile, Profile, profile_of, profile_of_parts

__all__ = ["CategoricalProfile", "ColumnProfile", "NumericProfile", "Profile", "profile_of", "profile_of_parts"]
