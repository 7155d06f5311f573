"""`notify.yaml`, the platform's file: who is told what, where, when, and how much of it in a week."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from gatehouse.core.config.base import Name, Spec
from gatehouse.core.config.renamed_keys import NOTIFY, RenamedKeys
from gatehouse.core.notifications.alert_types import AlertType, Role, Severity

TimeOfDay = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(
            "not a time zone; allowed are names like `Europe/Berlin`, `America/New_York` or `UTC`"
        ) from None
    return name


def _connection(name: str) -> str:
    if "://" in name or len(name) > 250 or not name.strip() or any(not (c.isalnum() or c in "_-.") for c in name):
        raise ValueError(
            "the id of a connection of Airflow's (letters, digits, `_`, `-`, `.`): addresses with passwords or tokens "
            "belong into that connection, never into this file"
        )
    return name


Zone = Annotated[str, AfterValidator(_zone)]
Connection = Annotated[str, AfterValidator(_connection)]
Mail = Annotated[str, StringConstraints(pattern=r"^[^\s@<>,;]+@[^\s@<>,;]+$", max_length=254)]
Address = Annotated[str, StringConstraints(pattern=r"^https?://[^\s<>\"'@]+$", max_length=500)]


class QuietHours(Spec):
    """From `start` to `end` by the wall clock of `timezone`, every day; with `weekends` all of Saturday and Sunday too. What
    is not critical waits until it is over."""

    start: TimeOfDay
    end: TimeOfDay
    timezone: Zone
    weekends: bool = False

    @model_validator(mode="after")
    def _has_a_length(self) -> QuietHours:
        if self.start == self.end:
            raise ValueError(f"start and end must differ; found {self.start} twice")
        return self


class Recipient(Spec):
    """A person, a rota or a channel. `roles` and `use_cases` (none: all) say what is theirs, `min_severity` from which
    severity on; `channel` is how, and `connection` the Airflow connection that holds the address and its secrets.
    `max_per_week` is how many messages that are not critical they get in seven days."""

    name: Name
    roles: Annotated[tuple[Role, ...], Field(min_length=1)]
    channel: Literal["smtp", "slack", "apprise"]
    connection: Connection
    to: tuple[Mail, ...] = ()
    use_cases: tuple[Name, ...] = ()
    min_severity: Severity = Severity.WARNING
    quiet_hours: QuietHours | None = None
    max_per_week: Annotated[int, Field(ge=1, le=10_000)] = 50
    send_resolved: bool = True

    @model_validator(mode="after")
    def _has_an_address(self) -> Recipient:
        if (self.channel == "smtp") != bool(self.to):
            raise ValueError("`to` names the mail addresses of a recipient whose channel is smtp, and of no other")
        return self


class NotifyConfig(Spec):
    """Who is told what. `airflow_url` is where people open Airflow, for the links; `severity_overrides` replace ours for
    a kind."""

    renamed_keys: ClassVar[RenamedKeys] = NOTIFY

    airflow_url: Address
    recipients: Annotated[tuple[Recipient, ...], Field(min_length=1)]
    severity_overrides: dict[AlertType, Severity] = {}

    @model_validator(mode="after")
    def _no_name_twice(self) -> NotifyConfig:
        names = [each.name for each in self.recipients]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"every recipient has a name of its own; found twice: {', '.join(twice)}")
        return self

    def recipient(self, name: str) -> Recipient | None:
        """The recipient of that name."""
        return next((each for each in self.recipients if each.name == name), None)
