"""Profiles: the mergeable summary of a batch's columns that drift is computed from."""

from gatehouse.core.profile.categorical import CategoricalProfile
from gatehouse.core.profile.numeric import NumericProfile
from gatehouse.core.profile.table import ColumnProfile, Profile, profile_of, profile_of_parts

__all__ = ["CategoricalProfile", "ColumnProfile", "NumericProfile", "Profile", "profile_of", "profile_of_parts"]
