"""`notify.yaml`: where it is, and its reading. Without one nobody is told anything, and nothing else changes."""

from __future__ import annotations

import re
from pathlib import Path

from gatehouse.core.config.notify import NotifyConfig
from gatehouse.errors import ConfigurationError
from gatehouse.settings import Settings
from gatehouse.yaml_loader import read_spec

NAME = "notify.yaml"
OWNER = "platform"
_SECRET = re.compile(r"://[^\s\"']+")


def file_of(settings: Settings) -> Path | None:
    """The file of this installation: what GATEHOUSE_NOTIFY_FILE names, or `notify.yaml` beside the use cases."""
    if settings.notify is not None:
        if not settings.notify.is_file():
            raise ConfigurationError(
                "no such file",
                where="GATEHOUSE_NOTIFY_FILE",
                found=str(settings.notify),
                allowed=f"a {NAME}",
                owner=OWNER,
            )
        return settings.notify
    return next((folder / NAME for folder in settings.usecases if (folder / NAME).is_file()), None)


def notify_spec(settings: Settings) -> NotifyConfig | None:
    """Who is told what; None where nobody is. ConfigurationError for a file that is wrong."""
    path = file_of(settings)
    if path is None:
        return None
    try:
        return read_spec(path, NotifyConfig, OWNER)
    except ConfigurationError as error:  # what was found may be an address with a token that should not be there
        raise ConfigurationError(_SECRET.sub("://…", str(error))) from None
