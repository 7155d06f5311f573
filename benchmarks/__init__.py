"""Measurements: ratios taken in one run, never timed tests. `make bench` runs them and writes docs/benchmarks.md."""
