"""Call the data scientist's features(), weights() and target(), and match what they return to the rows given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from gatehouse.core.rows.alignment import NotAlignedError, aligned
from gatehouse.core.rows.labels import check_labels
from gatehouse.core.rows.returned_frames import NotTabularError, to_frame, to_series
from gatehouse.core.rows.weights import check_weights
from gatehouse.errors import ModelError, RowsMisalignedError
from gatehouse.model_code import check_slices, place_of
from gatehouse.table_types import empty_decimals
from gatehouse.use_case import UseCase
from gatehouse.user_code import DATA_SCIENTIST, user_code

if TYPE_CHECKING:
    import pandas as pd

M = TypeVar("M", "pd.DataFrame", "pd.Series[float]")


def features_of(case: UseCase, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The use case's features, one row for each row of its main table, in that order, with texts as column names.

    ModelError when the code raises or returns something else than a table, or one without a column of SLICES;
    RowsMisalignedError when its rows cannot be matched to those of the main table.
    """
    if case.process is not None:
        return _as_long(case, "features", case.process.features(tables), tables[case.contract.main])
    features = _of_main(case, "features", tables, lambda given: to_frame(case.model.features(given)))
    check_slices(case.slices, [str(name) for name in features.columns], case.model_file)
    return features


def weights_of(case: UseCase, tables: Mapping[str, pd.DataFrame]) -> pd.Series[float]:
    """What weights() says of each row of the main table, in their order. The use case has one (`has_weights`).

    ModelError when the code raises or returns anything but finite numbers of 0 or more; RowsMisalignedError as in `features_of`.
    """
    weigh: Callable[..., Any] = case.model.weights  # type: ignore[attr-defined]
    if case.process is not None:
        return _as_long(case, "weights", weigh(tables), tables[case.contract.main])
    made = _of_main(case, "weights", tables, lambda given: to_series(weigh(given)).to_frame("weight"))["weight"]
    return check_weights(made, place_of(case.model_file, "weights"))


def _of_main(
    case: UseCase,
    function: str,
    tables: Mapping[str, pd.DataFrame],
    call: Callable[[Mapping[str, pd.DataFrame]], pd.DataFrame],
) -> pd.DataFrame:
    """What a function makes of the tables, a row for each row of the main one."""
    main = case.contract.main
    spec = case.contract.tables[main]
    tables = {name: empty_decimals(table, case.contract.tables[name].columns) for name, table in tables.items()}

    def code(rows: pd.DataFrame) -> pd.DataFrame:
        given = {name: table.copy(deep=False) for name, table in tables.items() if name != main}
        return call({name: rows.copy(deep=False) if name == main else given[name] for name in tables})

    identity = frozenset([*spec.key, *([spec.time_column] if spec.time_column else [])])
    return _aligned(case, function, code, tables[main], identity, f"table {main!r}")


def labels_of(case: UseCase, outcomes: pd.DataFrame) -> pd.Series[float]:
    """What target() makes of each row of the outcomes, in their order, NaN where it has no label.

    ModelError when the code raises or returns labels that the task cannot have; RowsMisalignedError as in `features_of`.
    """
    if case.process is not None:
        return _as_long(case, "target", case.process.labels(outcomes), outcomes)

    outcomes = empty_decimals(outcomes, case.contract.outcomes.columns)

    def code(rows: pd.DataFrame) -> pd.DataFrame:
        return to_series(case.model.target(rows.copy(deep=False))).to_frame("label")

    import pandas as pd

    identity = frozenset(case.contract.outcomes.key)
    labels = _aligned(case, "target", code, outcomes, identity, "the outcomes")["label"]
    policy, where = case.retrain, place_of(case.model_file, "target")
    return pd.Series(check_labels(labels, policy.task, where, policy.label_names))


def _as_long(case: UseCase, function: str, made: M, rows: pd.DataFrame) -> M:
    """What another process says that it has matched to the rows: it is looked at again here."""
    if len(made) == len(rows) and list(made.index) == list(range(len(rows))):
        return made
    raise RowsMisalignedError(
        f"{function}() returned {len(made)} rows for {len(rows)} rows given",
        where=place_of(case.model_file, function),
        owner=DATA_SCIENTIST,
    )


def _aligned(
    case: UseCase,
    function: str,
    code: Callable[[pd.DataFrame], pd.DataFrame],
    rows: pd.DataFrame,
    identity: frozenset[str],
    whose: str,
) -> pd.DataFrame:
    file = case.model_file
    try:
        with user_code(ModelError, file, f"{function}()", DATA_SCIENTIST, passing=(NotAlignedError, NotTabularError)):
            return aligned(code, rows.reset_index(drop=True), identity)
    except NotAlignedError as error:
        raise RowsMisalignedError(
            f"{function}() returned rows that cannot be matched to {whose}",
            where=place_of(file, function),
            found=str(error),
            allowed="one row for each row given, in their order or with their index",
            owner=DATA_SCIENTIST,
        ) from error
    except NotTabularError as error:
        raise ModelError(
            f"{function}() returned something else than asked for",
            where=place_of(file, function),
            found=error.found,
            allowed=error.allowed,
            owner=DATA_SCIENTIST,
        ) from error
