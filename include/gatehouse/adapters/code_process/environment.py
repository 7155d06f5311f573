"""What the process of a use case's code is started with: the names that are needed, and no other."""

from __future__ import annotations

import os
import re
import site
import sys
from collections.abc import Mapping
from pathlib import Path

from gatehouse.settings import PACKAGES

KEPT = re.compile(
    r"PATH|LANG|LANGUAGE|LC_\w+|TZ|PYTHONHASHSEED|PYTHONTZPATH|LD_LIBRARY_PATH|DYLD_\w+|SSL_CERT_(FILE|DIR)"
    r"|(OMP|OPENBLAS|MKL|NUMEXPR|LOKY|BLIS|VECLIB)_\w+"
)
OWN_FOLDER = ("HOME", "TMPDIR", "MPLCONFIGDIR", "JOBLIB_TEMP_FOLDER", "XDG_CACHE_HOME")
STATE = ("GATEHOUSE_STATE_DIR", "AIRFLOW_HOME")


def environment(own_folder: Path, given: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of the process, whose home and temporary folder is `own_folder`."""
    kept = {name: value for name, value in given.items() if KEPT.fullmatch(name)}
    own = dict.fromkeys(OWN_FOLDER, str(own_folder))
    if site.ENABLE_USER_SITE:  # packages in a person's home are found there, though the home is another one now
        own["PYTHONUSERBASE"] = site.getuserbase()
    return {**kept, **own, "PYTHONPATH": os.pathsep.join(_imported_from(given)), "PYTHONUNBUFFERED": "1"}


def _imported_from(given: Mapping[str, str]) -> list[str]:
    """What this process imports from by PYTHONPATH, without folders that hold the installation's state as well."""
    state = [Path(given[name]).resolve() for name in STATE if given.get(name)]
    named = [str(PACKAGES), *filter(None, given.get("PYTHONPATH", "").split(os.pathsep))]
    places = dict.fromkeys(str(Path(each).resolve()) for each in named)
    return [each for each in places if not any(place.is_relative_to(each) for place in state)]


def command(channel: int, lifeline: int, memory: int, folder: Path) -> list[str]:
    """The command that starts the process."""
    worker = "gatehouse.adapters.code_process.worker"
    return [sys.executable, "-m", worker, str(channel), str(lifeline), str(memory), str(folder)]
