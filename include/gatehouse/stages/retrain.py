"""Retrain: a claimed request becomes a training set, fitted candidates and one registered challenger."""

from __future__ import annotations
