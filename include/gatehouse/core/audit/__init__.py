"""The audit log's pure parts: canonical JSON and the hash chain."""
