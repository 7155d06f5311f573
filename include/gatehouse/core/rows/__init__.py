"""Rows of features, labels and outcomes: their keys, their values, how they are matched."""
