"""`python -m benchmarks.peers [PARTS]`: alarms on quiet batches, delays and speed beside Evidently and NannyML.

The peers' environments are made once in `GATEHOUSE_PEERS` (or a folder of the system's temporary one). Prints Markdown.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from benchmarks.peers import alarms, speed


def main() -> None:
    home = Path(os.environ.get("GATEHOUSE_PEERS", Path(tempfile.gettempdir()) / "gatehouse-peers"))
    wanted = sys.argv[1:] or ["alarms", "speed"]
    for name, part in (("alarms", alarms), ("speed", speed)):
        if name in wanted:
            for table in part.measure(home):
                print(table.markdown(), flush=True)


if __name__ == "__main__":
    main()
