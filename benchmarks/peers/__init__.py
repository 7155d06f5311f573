"""Comparisons with other tools, each in an environment of its own that is installed on demand; no part of `make test`."""
