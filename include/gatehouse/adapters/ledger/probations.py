"""Shadow scores and the probation of a new champion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatehouse.adapters.ledger.transaction import attempt_transaction
from gatehouse.core.types import BatchId, FencingLease, FileRef, Prediction, Probation
from gatehouse.ports import Probations

if TYPE_CHECKING:
    from gatehouse.adapters.ledger.connection import Database

_SHADOWS = """
    SELECT use_case, key, revision, version, sha256, generation, file(file) AS file
    FROM shadow_predictions WHERE use_case = %s AND generation = %s ORDER BY key, revision"""


class PostgresProbations(Probations):
    """`ports.Probations` on the tables `shadow_predictions` and `probations`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def shadowed(self, lease: FencingLease, prediction: Prediction) -> None:
        batch = prediction.batch
        key = {"use_case": batch.use_case, "key": batch.key, "revision": batch.revision}
        row = {"version": prediction.version, "sha256": prediction.sha256, "generation": prediction.generation}
        row |= {"file": prediction.file}
        with attempt_transaction(self._database, lease) as change:
            change.once("shadow_predictions", "batch.shadow_scored", str(batch), key, row, tuple(row))

    def shadows(self, use_case: str, generation: int) -> list[Prediction]:
        with self._database.transaction() as rows:
            found = rows.all(_SHADOWS, use_case, generation)
        return [
            Prediction(
                BatchId(row["use_case"], row["key"], row["revision"]),
                row["version"],
                row["sha256"],
                row["generation"],
                FileRef(**row["file"]),
            )
            for row in found
        ]

    def judged(self, lease: FencingLease, probation: Probation) -> None:
        row = dict(vars(probation))
        key = {name: row.pop(name) for name in ("use_case", "generation", "key")}
        subject = f"{probation.use_case}/generation {probation.generation}"
        with attempt_transaction(self._database, lease) as change:
            change.once("probations", "probation.judged", subject, key, row, ("former", "verdict"))

    def list(self, use_case: str) -> list[Probation]:
        with self._database.transaction() as rows:
            found = rows.all(
                "SELECT use_case, generation, key, former, verdict, sentence, result::json AS result FROM probations "
                "WHERE use_case = %s ORDER BY audit_seq",
                use_case,
            )
        return [Probation(**row) for row in found]
