"""Profiling the accepted rows of a divided batch, and storing them: partition by partition, to the very files of the whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gatehouse.context import PartitionWork, UseCaseContext
from gatehouse.core.contract.validation import Validation
from gatehouse.core.profiling import Profile
from gatehouse.core.profiling.batch_profile import BatchProfile, column_by_column, new_in
from gatehouse.core.profiling.partition_profile import PartitionProfile, merge, partition_profile, same_grids
from gatehouse.core.profiling.row_sample import RowSample, positions, sample_of
from gatehouse.core.profiling.row_sample import joined as joined_samples
from gatehouse.core.types import Batch, FileRef
from gatehouse.errors import ModelError, SchemaMismatchError
from gatehouse.pipeline.partitions import partition_reader
from gatehouse.pipeline.partitions.partition_features import features_of_part, other_tables

if TYPE_CHECKING:
    import pandas as pd

REASONS = "gh_reasons"
FEATURES = ""  # the grids of the features among those of the tables


def reference_grids(earlier: Sequence[BatchProfile]) -> dict[str, Profile | None]:
    """The newest grids of each table, and of the features, that there are."""
    names = [*dict.fromkeys(name for each in earlier for name in each.tables)]
    newest: dict[str, Profile | None] = {
        name: next(each.tables[name] for each in reversed(earlier) if name in each.tables) for name in names
    }
    return newest | {FEATURES: next((each.features for each in reversed(earlier) if each.features), None)}


def works(ctx: UseCaseContext, batch: Batch, validation: Validation) -> list[PartitionWork]:
    """The pieces of work: each range of rows with as many accepted ones as a partition has, and which are bad. The main
    table's, whose features need all of the other tables, say what is bad in those."""
    found: list[PartitionWork] = []
    for table, split in validation.splits.items():
        bad = list(split.bad)
        more = {"others": {name: list(each.bad) for name, each in validation.splits.items() if name != table}}
        sampled, accepted = positions(split.rows - len(bad)), 0
        for each in partition_reader.good_ranges(split.rows, bad, partition_reader.size(ctx)):
            here = [row for row in bad if row in each]
            count = len(each) - len(here)
            chosen = sampled[(sampled >= accepted) & (sampled < accepted + count)] - accepted
            accepted += count
            work = {"table": table, "rows": [each.start, each.stop], "bad": here, "sample": chosen.tolist()}
            found.append(work | (more if table == ctx.case.contract.main else {}))
    return found


def profile_partition(
    ctx: UseCaseContext, batch: Batch, work: PartitionWork, known: Mapping[str, Profile | None]
) -> PartitionWork:
    """Do one piece of the work: profile these rows, and the features made of them, as far as there are grids for them.
    Features that are to begin grids of their own need all rows: they are left as a file of the lake."""
    table = work["table"]
    frame = partition_reader.accepted_rows(ctx, batch, table, range(*work["rows"]), work["bad"])
    sample = sample_of(frame.iloc[work["sample"]]).to_document()
    done: dict[str, Any] = {
        "table": table,
        "rows": work["rows"],
        "part": _part(frame, known.get(table)),
        "sample": sample,
    }
    if table != ctx.case.contract.main:
        return done
    try:
        made = features_of_part(ctx, frame, other_tables(ctx, batch, work["others"]))
        done["features"] = _part(made, known[FEATURES])
        names = [str(name) for name in made.columns]
        if new_in(names, known[FEATURES]):
            done |= {"names": names, "file": ctx.lake.put_frame(made, "parts")}
    except (ModelError, SchemaMismatchError):
        done["failed"] = True
    return done


def profile(
    ctx: UseCaseContext,
    batch: Batch,
    validation: Validation,
    known: Mapping[str, Profile | None],
    shares: Sequence[PartitionWork],
) -> BatchProfile:
    """The profile of all accepted rows. Shares that were made on other grids than those known now are made again."""
    if not _on(shares, known):
        shares = [profile_partition(ctx, batch, work, known) for work in works(ctx, batch, validation)]
    tables, samples = {}, {}
    for table, split in validation.splits.items():
        if split.rows > len(split.bad):
            rows = partition_reader.AcceptedRows(ctx, batch, table, split.bad)
            done = _in_order(shares, table)
            tables[table] = _profile([each["part"] for each in done], known.get(table), list(rows), rows.__getitem__)
            samples[table] = joined_samples([RowSample.from_document(each["sample"]) for each in done])
    features = _features(ctx, known[FEATURES], _in_order(shares, ctx.case.contract.main))
    return BatchProfile(tables, features, samples)


def _features(ctx: UseCaseContext, known: Profile | None, shares: Sequence[PartitionWork]) -> Profile | None:
    import pandas as pd

    if any(each.get("failed") for each in shares):
        return None
    files = [each["file"] for each in shares if "file" in each]

    def take(name: str) -> Any:
        return pd.concat([ctx.lake.frame(file, columns=[name])[name] for file in files], ignore_index=True)

    try:
        return _profile([each["features"] for each in shares], known, shares[0].get("names", []), take)
    except (LookupError, SchemaMismatchError):
        return None


def _profile(parts: Sequence[Any], known: Profile | None, names: Sequence[str], take: Callable[[str], Any]) -> Profile:
    """The parts on the known grids; columns that these do not know begin their own, one whole column after the other."""
    whole = merge([PartitionProfile.from_document(part) for part in parts]) if known else Profile({})
    return Profile({**whole.columns, **column_by_column(new_in(names, known), take).columns})


def _part(frame: Any, known: Profile | None) -> Any:
    return partition_profile(frame, known).to_document() if known else None


def _on(shares: Sequence[PartitionWork], known: Mapping[str, Profile | None]) -> bool:
    pairs = [(each.get(kind), known.get(grid)) for each in shares for kind, grid in _kinds(each)]
    return all(same_grids(part, grid) for part, grid in pairs)


def _kinds(done: PartitionWork) -> list[tuple[str, str]]:
    return [("part", done["table"]), *([("features", FEATURES)] if "features" in done else [])]


def _in_order(shares: Sequence[PartitionWork], table: str) -> list[PartitionWork]:
    return sorted((each for each in shares if each["table"] == table), key=lambda each: each["rows"])


def store(ctx: UseCaseContext, batch: Batch, validation: Validation) -> dict[str, tuple[FileRef, FileRef]]:
    """The accepted and the quarantined rows of each table, written a partition at a time, as `pipeline.validate` stores them."""
    return {name: _store(ctx, batch, name, validation) for name in validation.splits}


def _store(ctx: UseCaseContext, batch: Batch, table: str, validation: Validation) -> tuple[FileRef, FileRef]:
    split = validation.splits[table]
    ranges = partition_reader.ranges(split.rows, partition_reader.size(ctx))
    accepted = (partition_reader.accepted_rows(ctx, batch, table, each, split.bad) for each in ranges)
    return ctx.lake.put_parts(accepted, "accepted"), ctx.lake.put_parts(
        _quarantined(ctx, batch, table, split.bad, ranges), "quarantined"
    )


def _quarantined(
    ctx: UseCaseContext, batch: Batch, table: str, bad: Mapping[int, Sequence[str]], ranges: Sequence[range]
) -> Iterator[pd.DataFrame]:
    holding = [each for each in ranges if any(row in each for row in bad)] or [range(0)]
    for each in holding:
        frame = partition_reader.rows(ctx, batch, table, each)
        here = [row for row in bad if row in each]
        found = frame.iloc[[row - each.start for row in here]]
        yield found.assign(**{REASONS: ["; ".join(bad[row]) for row in here]}).reset_index(drop=True)
