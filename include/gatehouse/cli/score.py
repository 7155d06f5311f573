"""The command that scores files with the champion, outside of any batch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatehouse.adapters.lake import write_durably
from gatehouse.adapters.parquet import encode
from gatehouse.adapters.sources.file_formats import FORMATS, adapted, read_table
from gatehouse.bootstrap import open_context
from gatehouse.core.config.dialect import Dialect
from gatehouse.errors import InvalidInputError, RowsRefusedError, SourceError
from gatehouse.serving.score_tables import score_tables

if TYPE_CHECKING:
    import pandas as pd

    from gatehouse.core.config.contract import Contract

OUTPUTS = (".csv", ".parquet")


@click.command("score")
@click.argument("use_case")
@click.option(
    "--input", "inputs", multiple=True, required=True, metavar="[TABLE=]FILE",
    help="The rows to score. Repeat it for the tables beside the main one; else the newest accepted ones are used.",
)  # fmt: skip
@click.option(
    "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="A .csv or .parquet file."
)
def score(use_case: str, inputs: Sequence[str], output: Path) -> None:
    """Score a file with the champion, without a batch. The file is written as `source.dialect` of contract.yaml says.

    OUTPUT has a line for each row, in order: key, prediction, version, sha256, generation and `problem`. A row that breaks
    the contract has a problem instead of a prediction, and the command ends with exit code 1."""
    if output.suffix not in OUTPUTS:
        raise InvalidInputError("--output has another format", found=str(output), allowed=", ".join(OUTPUTS))
    ctx = open_context(use_case)
    files = _files(inputs, ctx.case.contract)
    found = score_tables(ctx, {name: _read(path, name, ctx.case.contract) for name, path in files.items()}, {
        name: str(path) for name, path in files.items()
    })  # fmt: skip
    write_durably(output.resolve(), _encoded(found.rows, output.suffix))
    version, generation = found.champion.model.version, found.champion.generation
    click.echo(
        f"{output}: {len(found.rows) - found.refused} rows scored by version {version} (generation {generation})"
    )
    if found.side_batch:
        click.echo(f"The other tables are those of batch {found.side_batch}.")
    if found.ignored_columns:
        click.echo(f"Columns that contract.yaml does not declare were left out: {', '.join(found.ignored_columns)}.")
    if found.problems:
        what = f"{found.refused} of {len(found.rows)} rows break contract.yaml and have no prediction"
        raise RowsRefusedError(what, found.problems)


def _files(inputs: Sequence[str], contract: Contract) -> dict[str, Path]:
    """The file of each table; one without a name is the main table's."""
    files: dict[str, Path] = {}
    for given in inputs:
        name, separator, path = given.partition("=")
        if separator and name in contract.tables:
            table = name
        else:
            table, path = contract.main, given
        if table in files:
            raise InvalidInputError(
                "a table is given twice", found=f"{table}: {files[table]}, {path}", allowed="one file"
            )
        files[table] = Path(path)
    return files


def _read(path: Path, table: str, contract: Contract) -> pd.DataFrame:
    if not path.name.endswith(FORMATS):
        raise InvalidInputError("--input has another format", found=str(path), allowed=", ".join(FORMATS))
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}") from error
    dialect = contract.dialect(table) or Dialect()
    return adapted(read_table(data, str(path), dialect), str(path), dialect)


def _encoded(rows: pd.DataFrame, suffix: str) -> bytes:
    return encode(rows) if suffix == ".parquet" else rows.to_csv(index=False).encode()
