"""The production stack: what each container starts with, the one-shot preparation, health, and the secrets' files.

`docker-compose.yaml` says which containers there are; `docs/how-to/operations.md` how they are run.
"""
