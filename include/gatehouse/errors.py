"""Every failure Gatehouse names: one hierarchy, one sentence each.

A message says what is wrong, what was found, what is allowed, whose it is and where to change it.
`retry` tells Airflow's retry policy (and any other caller) whether trying again can help: bad data
and bad files never heal by themselves, a database that is away does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class GatehouseError(Exception):
    """The root of everything that Gatehouse raises on purpose. `where` is a file, with a line if one is known."""

    retry = False

    def __init__(self, what: str, *, where: str = "", found: str = "", allowed: str = "", owner: str = "") -> None:
        self.what, self.where, self.found, self.allowed, self.owner = what, where, found, allowed, owner
        parts = [
            f"{where}: {what}" if where else what,
            f"found {found}" if found else "",
            f"allowed: {allowed}" if allowed else "",
            f"to be changed by the {owner}" if owner else "",
        ]
        super().__init__("; ".join(part for part in parts if part))


class ConfigurationError(GatehouseError):
    """A file of a use case or a setting of the installation is not valid. The message names file, line and key."""


class MultipleFaultsError(ConfigurationError):
    """A file has several faults: `faults` are all of them, and the message names the first ones."""

    MOST_SHOWN = 5

    def __init__(self, faults: Sequence[ConfigurationError]) -> None:
        self.faults = tuple(faults)
        shown = " | ".join(
            ConfigurationError(f.what, where=f.where, found=f.found, allowed=f.allowed).args[0]
            for f in self.faults[: self.MOST_SHOWN]
        )
        more = f" (and {len(self.faults) - self.MOST_SHOWN} more)" if len(self.faults) > self.MOST_SHOWN else ""
        super().__init__(shown + more, owner=self.faults[0].owner)

    def __reduce__(self) -> tuple[type[MultipleFaultsError], tuple[tuple[ConfigurationError, ...]]]:
        return type(self), (self.faults,)


class UnknownUseCaseError(ConfigurationError):
    """No folder of that name or path holds a use case."""


class InvalidInputError(ConfigurationError):
    """A form or command asks for something that does not exist, or for values that exclude each other."""

    def __init__(self, what: str, *, found: str, allowed: str) -> None:
        super().__init__(what, found=found, allowed=allowed, owner="person who asks")


class SourceError(GatehouseError):
    """A source delivered something that cannot be read: vanished, truncated, wrong encoding, wrong shape."""


class UnreadableDeliveryError(SourceError):
    """A table of a delivery cannot be read. Its batch is quarantined for the reasons in the message, and nothing is lost:
    `tables` has the bytes of every table as delivered, each with the ending of a file's name."""

    def __init__(self, reasons: Sequence[str], tables: Mapping[str, tuple[bytes, str]]) -> None:
        self.tables = tables
        super().__init__("; ".join(reasons))


class SourceVanishedError(SourceError):
    """A file was listed, but is gone or changed when it is read. Somebody may be replacing it, so trying again can help."""

    retry = True


class SchemaMismatchError(SourceError):
    """A delivered table lacks a column, or a column cannot be read as its declared type."""


class RowsRefusedError(SourceError):
    """Rows given for a prediction break the contract. `problems` has the table, row, rule, columns and values of each."""

    MOST_SHOWN = 5

    def __init__(self, what: str, problems: Sequence[object]) -> None:
        self.problems = tuple(problems)
        shown = "; ".join(str(problem) for problem in self.problems[: self.MOST_SHOWN])
        more = f" (and {len(self.problems) - self.MOST_SHOWN} more)" if len(self.problems) > self.MOST_SHOWN else ""
        super().__init__(f"{what}: {shown}{more}")


class ModelError(GatehouseError):
    """The use case's own model code raised, or returned what no model may return (NaN, wrong length)."""


class RowsMisalignedError(ModelError):
    """The use case's code returned rows that cannot be matched to the rows that it was given."""


class UndefinedPredictionError(ModelError):
    """A model predicted something that is no finite number. `row` is the position of the first such row."""

    def __init__(self, what: str, row: int) -> None:
        super().__init__(what)
        self.row = row


class NotScoredError(ModelError):
    """A batch has no scores, because the model code or the champion raised an error on its rows."""


class UntrustedModelError(ModelError):
    """A model file is too large, has another sha256 than the ledger recorded, or holds a type off the allow-list."""


class NotEnoughDataError(GatehouseError):
    """There are too few accepted, matured rows for what was asked."""


class LakeError(GatehouseError):
    """A file of the lake is missing or its bytes no longer match its content hash."""


class StaleAttemptError(GatehouseError):
    """A newer attempt at the same work has started, so this one may not commit (invariant I7)."""


class StaleChampionError(GatehouseError):
    """The champion changed since the decision was made, so its generation no longer matches (compare-and-set refused)."""


class NotAllowedError(GatehouseError):
    """The ledger's rules forbid the action: no name, no reason, another state, or another person."""


class RecordNotFoundError(GatehouseError):
    """The ledger holds no such batch, request, model or decision."""


class TrackingError(GatehouseError):
    """MLflow refused an operation, or its client failed. The ledger does not need it, and maintenance tries it again."""


class ServiceUnavailableError(GatehouseError):
    """PostgreSQL, MLflow or another service does not answer. Trying again can help."""

    retry = True
