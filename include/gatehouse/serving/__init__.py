"""Answers with the champion outside of batches: files on request, and requests over HTTP."""
