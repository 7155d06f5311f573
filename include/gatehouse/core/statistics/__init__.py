"""Metrics as weighted functions, and how sure one may be of them: pure NumPy, deterministic, bounded in memory."""
