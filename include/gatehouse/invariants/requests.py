"""I8 and I9: nothing is lost, and nothing is trained on that should not be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gatehouse.core.audit.canonical_json import digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from gatehouse.invariants.result import InvariantContext

KEY, BATCH = "gh_key", "gh_batch"  # how the stages mark the rows of a training set


def no_lost_work(look: InvariantContext) -> None:
    """I8. Each batch and each request ends at most once, its acts lead where it is, and what waits is named."""
    look.examine("SELECT audit_seq FROM batches UNION ALL SELECT audit_seq FROM retrain_requests")
    look.refuse(
        """
        SELECT batch_name(use_case, key, revision) AS batch, string_agg(event, ', then ' ORDER BY audit_seq) AS acts
        FROM batch_events GROUP BY use_case, key, revision
        HAVING string_agg(event, ' ' ORDER BY audit_seq)
               NOT IN ('accepted', 'quarantined', 'quarantined released', 'quarantined discarded')
        """,
        "batch {batch} was {acts}",
    )
    look.refuse(
        """
        SELECT id, state, coalesce(acts, 'opened') AS acts
        FROM retrain_requests LEFT JOIN (
            SELECT request AS id, string_agg(event, ', then ' ORDER BY audit_seq) AS acts
            FROM request_events WHERE event <> 'joined' GROUP BY request) a USING (id)
        WHERE coalesce(acts, 'open')
              <> CASE WHEN state IN ('open', 'claimed', 'expired') THEN state ELSE 'claimed, then ' || state END
        """,
        "request {id} is {state}, but it was {acts}",
    )
    look.refuse(
        "SELECT request, actor FROM request_events WHERE event = 'claimed' AND actor NOT IN (SELECT task_key FROM task_attempts)",
        "request {request} is claimed by {actor}, at which no attempt was made",
    )
    look.refuse(
        """
        SELECT use_case, count(*) AS pending FROM retrain_requests WHERE state IN ('open', 'claimed')
        GROUP BY use_case HAVING count(*) > 1
        """,
        "{use_case}: {pending} requests are pending at once",
    )
    _name_what_waits(look)


def _name_what_waits(look: InvariantContext) -> None:
    waiting = """
        SELECT what, state, extract(epoch FROM clock_timestamp() - j.at)::bigint / 60 AS minutes FROM (
            SELECT 'batch ' || batch_name(use_case, key, revision) AS what, state, last_audit_seq AS seq FROM current_batches
            WHERE state IN ('landed', 'quarantined')
            UNION ALL
            SELECT 'request ' || id || ' of ' || use_case, state,
                   greatest(r.audit_seq, (SELECT max(audit_seq) FROM request_events a WHERE a.request = r.id))
            FROM retrain_requests r WHERE state IN ('open', 'claimed')) w
        JOIN audit_log j USING (seq) ORDER BY seq
    """
    for row in look.ledger.all(waiting):
        look.notes.append("{what} is {state}, for {minutes} minutes now".format(**row))


def no_leakage(look: InvariantContext) -> None:
    """I9. Training rows come from accepted batches, the files are those recorded, and no holdout row is trained on."""
    look.refuse(
        """
        SELECT request, batch_name(use_case, key, revision) AS batch, state
        FROM training_set_batches JOIN current_batches USING (use_case, key, revision) WHERE state <> 'accepted'
        """,
        "training set of request {request}: batch {batch} is {state}",
    )
    training_sets = "SELECT request, sha256, file(training) AS training, file(holdout) AS holdout FROM training_sets"
    for row in look.examine(training_sets):
        whose = f"training set of request {row['request']}"
        if row["training"] and row["holdout"]:
            identity = digest([row["training"]["sha256"], row["holdout"]["sha256"]])
            look.expect(identity == row["sha256"], f"{whose} is {row['sha256']}, its files make it {identity}")
        training = _rows_of(look, f"{whose}, training", row["training"])
        holdout = _rows_of(look, f"{whose}, holdout", row["holdout"])
        if training is not None and holdout is not None:
            _rows_from(look, row["request"], "training", training)
            _rows_from(look, row["request"], "holdout", holdout)
            shared = sorted(set(training[KEY]) & set(holdout[KEY]))
            look.expect(not shared, f"{whose}: {len(shared)} held-out rows are trained on, such as {shared[:1]}")


def _rows_of(look: InvariantContext, whose: str, file: Mapping[str, Any] | None) -> pd.DataFrame | None:
    """The file's rows, if it is there and they say which batch they are from."""
    frame = look.table(whose, file)
    if frame is None or {KEY, BATCH} <= set(frame.columns):
        return frame
    look.breaches.append(f"{whose}: its rows have no {KEY} or {BATCH}; the file is that of something else")
    return None


def _rows_from(look: InvariantContext, request: str, part: str, frame: pd.DataFrame) -> None:
    """Every row must come from a batch that is on record for this part."""
    batches = """
        SELECT batch_name(use_case, key, revision) AS batch FROM training_set_batches WHERE request = %s AND part = %s
    """
    strangers = set(frame[BATCH]) - {row["batch"] for row in look.ledger.all(batches, request, part)}
    look.expect(not strangers, f"training set of request {request}, {part}: rows of {sorted(strangers)} not on record")
