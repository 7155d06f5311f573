"""Gatehouse keeps models right after they ship."""

__version__ = "0.2.0"
