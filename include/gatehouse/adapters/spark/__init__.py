"""Spark, for use cases whose contract says `engine: spark`. Importing this package imports neither pyspark nor starts Java."""

from __future__ import annotations

from gatehouse.adapters.spark.checker import SparkChecker
from gatehouse.adapters.spark.session import run_on_executors

__all__ = ["SparkChecker", "run_on_executors"]
