"""Frames and profiles of batches that several steps of the pipeline read."""
