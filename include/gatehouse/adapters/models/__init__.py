"""Estimators to bytes and back: skops, a fixed allow-list of types, our own loader (docs/adr/0003)."""

from gatehouse.adapters.models.sklearn_models import SkopsModels

__all__ = ["SkopsModels"]
