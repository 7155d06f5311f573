"""Measurements: ratios of one run, never timed tests. `make benchmark` runs them and writes docs/reference/benchmarks.md."""

import os
import sys
from pathlib import Path

LIBRARY = str(Path(__file__).resolve().parents[1] / "include")
if LIBRARY not in sys.path:  # `python -m benchmarks PART` from the repository's root needs nothing else
    sys.path.insert(0, LIBRARY)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [LIBRARY, os.environ.get("PYTHONPATH")]))
