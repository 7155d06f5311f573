"""Answers questions with one model: several at once where `features()` makes each row out of itself alone.

One question that cannot be answered never fails another one: each gets its own answer or its own error.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from gatehouse.context import UseCaseContext
from gatehouse.errors import GatehouseError, InvalidInputError, ModelError, NotEnoughDataError, RowsRefusedError
from gatehouse.serving.checked_rows import RowRules, check_rows, row_rules
from gatehouse.serving.json_rows import frame_of
from gatehouse.serving.question import Answer, JsonRows, Predicted, Question
from gatehouse.serving.row_problem import RowProblem
from gatehouse.serving.served_model import ServedModel, predict
from gatehouse.serving.side_tables import side_table_names

if TYPE_CHECKING:
    import pandas as pd

REFUSED = "rows of the request break contract.yaml"


@dataclass(frozen=True)
class Answering:
    """How questions about one use case are answered: its ports, and the rules for the rows of each table."""

    ctx: UseCaseContext
    rules: Mapping[str, RowRules]

    @classmethod
    def of(cls, ctx: UseCaseContext) -> Answering:
        """With the rules of the contract that are about rows."""
        return cls(ctx, {name: row_rules(ctx, name) for name in ctx.case.contract.tables})

    def answer(self, served: ServedModel, questions: Sequence[Question]) -> list[Answer | GatehouseError]:
        """An answer, or the named error, for each question. Several questions are plain."""
        if len(questions) == 1:
            return [self._alone(served, questions[0])]
        try:
            return self._together(served, questions)
        except GatehouseError:  # it is one question's; the others must not hear of it
            return [self._alone(served, question) for question in questions]

    def _alone(self, served: ServedModel, question: Question) -> Answer | GatehouseError:
        try:
            return self._answered(served, question)
        except GatehouseError as error:
            return error

    def _answered(self, served: ServedModel, question: Question) -> Answer:
        main = self.ctx.case.contract.main
        rows, problems, ignored = self._checked(main, question.rows)
        if not len(rows) and not problems:
            raise InvalidInputError("there are no rows", found="0 rows", allowed=f"rows of table {main!r}")
        sides, newest = self._sides(served, question)
        if problems:
            raise RowsRefusedError(REFUSED, problems)
        made = Predicted(rows, predict(self.ctx, served, rows, sides), served)
        return Answer(made, 0, len(rows), newest, ignored)

    def _together(self, served: ServedModel, questions: Sequence[Question]) -> list[Answer | GatehouseError]:
        asked = [cast("JsonRows", question.rows) for question in questions]
        starts = [0]
        for rows in asked:
            starts.append(starts[-1] + len(rows))
        frame, problems, ignored = self._checked(self.ctx.case.contract.main, [row for rows in asked for row in rows])
        if problems or ignored or min(map(len, asked)) == 0:
            return [self._alone(served, question) for question in questions]
        made = Predicted(frame, predict(self.ctx, served, frame, served.sides.tables), served)
        return [Answer(made, start, end, served.sides.batch) for start, end in itertools.pairwise(starts)]

    def _checked(
        self, table: str, rows: JsonRows | pd.DataFrame
    ) -> tuple[pd.DataFrame, tuple[RowProblem, ...], tuple[str, ...]]:
        columns = self.ctx.case.contract.tables[table].columns
        problems: list[RowProblem] = []
        if isinstance(rows, Sequence):
            rows, problems = frame_of(table, rows, columns)
        if problems:
            return rows, tuple(problems), ()
        checked = check_rows(self.ctx, self.rules[table], rows, f"table {table!r} of the request")
        return checked.frame, checked.problems, checked.ignored_columns

    def _sides(self, served: ServedModel, question: Question) -> tuple[dict[str, pd.DataFrame], str]:
        """The tables beside the main one, and the batch of those that did not come with the question."""
        unknown = [name for name in question.sides if name not in side_table_names(self.ctx)]
        if unknown:
            allowed = ", ".join(side_table_names(self.ctx)) or "no table beside the main one"
            raise InvalidInputError("no such table beside the main one", found=", ".join(unknown), allowed=allowed)
        tables: dict[str, Any] = {}
        for name, rows in question.sides.items():
            tables[name], problems, _ = self._checked(name, rows)
            if problems:
                raise RowsRefusedError(REFUSED, problems)
        missing = [name for name in side_table_names(self.ctx) if name not in tables]
        if any(name not in served.sides.tables for name in missing):
            raise NotEnoughDataError(f"no batch is accepted yet: give the tables {', '.join(missing)} with the rows")
        tables |= {name: served.sides.tables[name] for name in missing}
        return tables, served.sides.batch if missing else ""


def failed_in_code(found: Sequence[Answer | GatehouseError]) -> bool:
    """Whether the use case's code or the model failed: then the model is tried again before it is trusted."""
    return any(isinstance(each, ModelError) for each in found)
