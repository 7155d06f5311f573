"""`contract.yaml`, the data engineer's file: what a batch is, where it comes from and what it must satisfy."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from gatehouse.core.config.base import Name, SpanText, Spec
from gatehouse.core.config.dialect import Dialect
from gatehouse.core.config.renamed_keys import CONTRACT, RenamedKeys
from gatehouse.core.contract.batch_calendar import BatchKind, batch_interval
from gatehouse.core.rows.row_keys import Normalisation
from gatehouse.errors import ConfigurationError

Severity = Literal["critical", "warning", "info"]
Engine = Literal["pandas", "spark"]
ColumnType = Literal[
    "string", "integer", "unsigned", "number", "decimal", "boolean", "date", "timestamp", "timestamp_ns"
]  # fmt: skip


class ExpectationSpec(Spec):
    """One Great Expectations expectation, by its own name and arguments, with its severity.

    A `critical` failure quarantines: the rows when the expectation looks at rows, the batch when it looks at the
    whole table. `warning` and `info` are recorded. A value written as `$name` is one of the contract's parameters.
    """

    expect: Annotated[str, Field(pattern=r"^expect_[a-z_]+$")]
    severity: Severity
    reason: str = ""
    args: dict[str, Any] = {}

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns that it names; none where it only counts rows."""
        named = [self.args[key] for key in ("column", "column_A", "column_B") if key in self.args]
        several = self.args.get("column_list")
        return tuple(dict.fromkeys(map(str, [*named, *(several if isinstance(several, list) else [])])))


class TableSpec(Spec):
    """One table of a batch: its columns by type, the columns that name a row, and its expectations."""

    key: tuple[str, ...]
    time_column: str | None = None
    columns: dict[str, ColumnType]
    expectations: tuple[ExpectationSpec, ...] = ()
    min_rows: int = 1
    max_quarantined_share: Annotated[float, Field(ge=0, le=1)] = 0.05
    time_checks: Literal["critical", "warning", "none"] = "warning"

    @model_validator(mode="after")
    def _key_is_declared(self) -> TableSpec:
        named = [*self.key, *([self.time_column] if self.time_column else [])]
        missing = [name for name in named if name not in self.columns]
        if missing or not self.key:
            raise ValueError(f"key and time_column must name declared columns; found {missing or 'no key'}")
        return self


class OutcomesSpec(TableSpec):
    """The outcomes table: it has the key of the first table, the label, and arrives `delay` after the interval's end.

    With `updates_until`, it is asked for again with every batch until so long after the interval's end, because some outcomes
    come later than others; a delivery that has changed is a new revision. More than `max_unmatched_share` of outcomes
    that match no row of their batch is an alert.
    """

    label: str
    time_checks: Literal["none"] = "none"
    max_unmatched_share: Annotated[float, Field(ge=0, le=1)] = 0.05
    delay: SpanText
    updates_until: SpanText | None = None

    @model_validator(mode="after")
    def _label_is_declared(self) -> OutcomesSpec:
        if self.label not in self.columns:
            raise ValueError(f"label must name a declared column; found {self.label!r}")
        return self


class Settle(Spec):
    """A delivery is complete when its size and time have not changed for so long, for example `30 seconds`."""

    settle: Annotated[str, Field(pattern=r"^\d{1,3} (second|minute)s?$")]

    @property
    def seconds(self) -> float:
        count, unit = self.settle.split()
        return float(count) * (60 if unit.startswith("minute") else 1)

    @model_validator(mode="after")
    def _is_short(self) -> Settle:
        if self.seconds > 600:
            raise ValueError("the ingest waits this long: at most `10 minutes`; a slower writer needs a marker")
        return self


class Marker(Spec):
    """A delivery is complete when this file is there. It has `{key}` in its name (and `{table}`, if each table has its own),
    or it lies in the delivered folder, such as Spark's `_SUCCESS`."""

    marker: Annotated[str, Field(min_length=1)]

    @model_validator(mode="after")
    def _stays_inside(self) -> Marker:
        if ".." in self.marker.split("/") or self.marker.startswith("/"):
            raise ValueError("the marker must be a name below the drop folder")
        return self


def _rule(value: Any) -> str:
    named = value if isinstance(value, dict) else vars(value) if isinstance(value, Spec) else {}
    return "atomic" if value == "atomic" else next((rule for rule in ("settle", "marker") if rule in named), "")


CompleteWhen = Annotated[
    Annotated[Literal["atomic"], Tag("atomic")] | Annotated[Settle, Tag("settle")] | Annotated[Marker, Tag("marker")],
    Discriminator(
        _rule,
        custom_error_type="complete_when",
        custom_error_message='must be `atomic`, `{settle: 30 seconds}` or `{marker: "{table}_{key}.done"}`',
    ),
]


class FilesSource(Spec):
    """A drop folder of CSV, JSON lines or Parquet, local or any fsspec address; `{key}` and `{table}` stand in `pattern`.

    `dialect` says how the files are written, `dialects` what is different for one table (docs/reference/file-dialects.md).

    `complete_when` says how a finished delivery is told from one that is still being written. Without it, a local file
    must not have changed for ten seconds; an object store shows an object only when it is whole."""

    kind: Literal["files"]
    address: str
    pattern: str = "{table}_{key}.parquet"
    dialect: Dialect = Dialect()
    dialects: dict[Name, Dialect] = {}
    complete_when: CompleteWhen | None = None


class SplitFilesSource(Spec):
    """Exported files, by address or glob, whose rows are divided into batches by the table's `time_column`.

    The label is a column of the same files, or of those of `outcomes`. Files without time are cut into batches of
    `rows_per_batch` rows; `row_number` names a column that counts the rows, for tables without a key."""

    kind: Literal["split_files"]
    files: Annotated[str, Field(min_length=1)]
    outcomes: str | None = None
    dialect: Dialect = Dialect()
    dialects: dict[Name, Dialect] = {}
    rows_per_batch: Annotated[int, Field(ge=1)] | None = None
    row_number: Name | None = None


class PostgresSource(Spec):
    """A query a table with `%(start)s` and `%(end)s` as bound parameters; `connection` names an environment variable."""

    kind: Literal["postgres"]
    connection: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]
    queries: dict[Name, str]


class SqlSource(Spec):
    """A query a table with `:start` and `:end` as bound parameters, of any database that SQLAlchemy reaches. Its address is in
    the environment variable `connection`, or in Airflow's connection `conn_id`."""

    kind: Literal["sql"]
    connection: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")] | None = None
    conn_id: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")] | None = None
    queries: dict[Name, str]

    @model_validator(mode="after")
    def _has_one_address(self) -> SqlSource:
        if (self.connection is None) == (self.conn_id is None):
            raise ValueError(
                "a sql source needs connection (an environment variable) or conn_id (Airflow's), one of both"
            )
        return self


class PythonSource(Spec):
    """A module of the use case's own folder with `available()`, `fetch(key, interval)` and `outcomes(key, interval)`."""

    kind: Literal["python"]
    module: Name = "source"
    options: dict[str, Any] = {}


class PluginSource(Spec):
    """A source kind registered from outside (entry point group `gatehouse.sources`)."""

    kind: Literal["plugin"]
    name: Name
    options: dict[str, Any] = {}


class ServedSource(Spec):
    """The rows that `gatehouse serve` has answered in a batch's interval; `outcomes` is a source of its own for the labels."""

    kind: Literal["served"]
    outcomes: Annotated[
        FilesSource | PostgresSource | SqlSource | PythonSource | PluginSource, Field(discriminator="kind")
    ]


def _year(value: Any) -> Any:
    """YAML reads a bare year as a number."""
    return str(value) if type(value) is int else value


BatchKey = Annotated[str, BeforeValidator(_year)]
Source = Annotated[
    FilesSource | SplitFilesSource | PostgresSource | SqlSource | PythonSource | PluginSource | ServedSource,
    Field(discriminator="kind"),
]


class Contract(Spec):
    """What a batch must satisfy. The first table of `tables` is the one whose rows are scored. A batch that has not come
    `late_after` the end of its interval is late (without it: one interval later, where there is a `schedule`).

    A batch with a table of more than `max_rows_in_memory` rows is validated, profiled and scored in partitions of so
    many, rounded up to multiples of 65,536; without it, batches are never divided. `normalise_keys` says how the
    texts in keys are compared: as delivered, or with `strip` (blanks at both ends), `casefold` or `nfc` (Unicode).
    With `engine: spark` Great Expectations validates on Spark, and profiles are made on its executors
    (docs/how-to/large-batches.md)."""

    renamed_keys: ClassVar[RenamedKeys] = CONTRACT

    use_case: Name
    title: str
    owner: str
    source: Source
    frequency: BatchKind
    first_batch: BatchKey
    last_batch: BatchKey | None = None
    schedule: str | None = None
    late_after: SpanText | None = None
    max_rows_in_memory: Annotated[int, Field(ge=1)] | None = None
    engine: Engine = "pandas"
    tables: Annotated[dict[Name, TableSpec], Field(min_length=1)]
    outcomes: OutcomesSpec
    normalise_keys: tuple[Normalisation, ...] = ()
    parameters: dict[Name, str] = {}

    @property
    def main(self) -> str:
        """The name of the table whose rows are scored."""
        return next(iter(self.tables))

    def dialect(self, table: str) -> Dialect | None:
        """How the files of a table (or of `outcomes`) are written; None for a source that delivers no files."""
        source: Any = self.source
        if isinstance(source, ServedSource) and table == "outcomes":
            source = source.outcomes
        if not isinstance(source, (FilesSource, SplitFilesSource)):
            return None
        different = source.dialects.get(table)
        return source.dialect if different is None else different.over(source.dialect)

    @model_validator(mode="after")
    def _fits_its_source(self) -> Contract:
        for name in self.source.dialects if isinstance(self.source, (FilesSource, SplitFilesSource)) else ():
            if name not in (*self.tables, "outcomes"):
                raise ValueError(f"source.dialects must name tables or outcomes; found {name!r}")
            self.dialect(name)
        if isinstance(self.source, ServedSource) and len(self.tables) > 1:
            raise ValueError(f"a served source has one table; found {', '.join(self.tables)}")
        if isinstance(self.source, SplitFilesSource):
            if len(self.tables) > 1:
                raise ValueError(f"a split_files source has one table; found {', '.join(self.tables)}")
            if (self.tables[self.main].time_column is None) == (self.source.rows_per_batch is None):
                raise ValueError("a split_files source needs a time_column of its table, or source.rows_per_batch")
        return self

    @model_validator(mode="after")
    def _whole(self) -> Contract:
        try:
            for key in filter(None, (self.first_batch, self.last_batch)):
                batch_interval(self.frequency, key)
        except ConfigurationError as error:
            raise ValueError(str(error)) from None
        if self.outcomes.key != self.tables[self.main].key:
            raise ValueError(f"outcomes.key must be the key of {self.main!r}: {list(self.tables[self.main].key)}")
        for name in self.outcomes.key:
            row, outcome = self.tables[self.main].columns[name], self.outcomes.columns[name]
            if row != outcome:
                raise ValueError(
                    f"key column {name!r} must have one type; found {row} in {self.main!r}, {outcome} in outcomes"
                )
        return self
