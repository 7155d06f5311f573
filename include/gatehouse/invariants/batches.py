"""I3 and I5: every row of a batch is accounted for, and every prediction says what made it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gatehouse.invariants.references import known_files

if TYPE_CHECKING:
    from gatehouse.invariants.result import InvariantContext

_MADE_BY = ["version", "sha256", "generation"]


def rows_conserved(look: InvariantContext) -> None:
    """I3. accepted + quarantined = source, for every table of every accepted batch; every file is there and whole."""
    known_files(look)
    look.refuse(
        """
        SELECT batch_name(b.use_case, b.key, b.revision) AS batch, b.state, t.name,
               s.rows AS source, a.rows AS accepted, q.rows AS quarantined
        FROM current_batches b
        LEFT JOIN batch_tables t USING (use_case, key, revision)
        LEFT JOIN batch_table_results p USING (use_case, key, revision, name)
        LEFT JOIN files s ON s.path = t.source
        LEFT JOIN files a ON a.path = p.accepted
        LEFT JOIN files q ON q.path = p.quarantined
        WHERE t.name IS NULL
           OR CASE b.state WHEN 'accepted' THEN s.rows IS DISTINCT FROM a.rows + q.rows ELSE p.accepted IS NOT NULL END
        """,
        "batch {batch} is {state}: table {name} has {source} rows at the source, {accepted} accepted and "
        "{quarantined} quarantined",
    )
    tables = """
        SELECT batch_name(use_case, key, revision) || ' table ' || name AS whose, file(part) AS file
        FROM batch_tables LEFT JOIN batch_table_results USING (use_case, key, revision, name),
             unnest(ARRAY[source, accepted, quarantined]) AS part
        WHERE part IS NOT NULL
        UNION ALL SELECT 'outcomes of ' || batch_name(use_case, key, batch_revision), file(file) FROM outcomes
        UNION ALL SELECT 'quarantined outcomes of ' || batch_name(use_case, key, batch_revision), file(quarantined)
        FROM outcomes WHERE quarantined IS NOT NULL
    """
    for row in look.ledger.all(tables):
        raw = row["file"] is not None and row["file"]["rows"] is None  # as it was delivered, not yet a table
        (look.bytes_of if raw else look.table)(row["whose"], row["file"])
    reports = """
        SELECT batch_name(use_case, key, revision) AS batch, file(report) AS file FROM batch_events
        WHERE report IS NOT NULL
        UNION ALL SELECT batch_name(use_case, key, revision), file(profile) FROM batch_events WHERE profile IS NOT NULL
        UNION ALL SELECT batch_name(use_case, key, batch_revision), file(report) FROM outcomes
        WHERE report IS NOT NULL
        UNION ALL SELECT batch_name(use_case, key, revision), file(report) FROM revalidations
        UNION ALL SELECT 'decision ' || left(decision, 8), file(report) FROM decision_reports
        UNION ALL SELECT 'training set of request ' || request, file(report) FROM training_sets WHERE report IS NOT NULL
        UNION ALL SELECT 'candidate ' || name || ' of request ' || request, file(file) FROM candidates
        WHERE file NOT IN (SELECT file FROM model_versions)
        UNION ALL SELECT 'shadow scores of ' || batch_name(use_case, key, revision), file(file) FROM shadow_predictions
    """
    for row in look.ledger.all(reports):
        look.bytes_of(f"report, profile or file of {row['batch']}", row["file"])


def one_model_per_batch(look: InvariantContext) -> None:
    """I5. Predictions name a registered version, its bytes and the generation it served in; each of their rows says so."""
    look.refuse(
        """
        SELECT batch_name(use_case, key, revision) AS batch, s.version, s.sha256, s.generation
        FROM predictions s LEFT JOIN model_versions m USING (use_case, version)
        LEFT JOIN champion_changes p USING (use_case, generation)
        WHERE m.sha256 IS DISTINCT FROM s.sha256 OR p.version IS DISTINCT FROM s.version
        """,
        "{batch} was scored by version {version} with sha256 {sha256} in generation {generation}; that was never the champion",
    )
    models = "SELECT use_case, version, sha256, file(file) AS file, file(reference) AS reference FROM model_versions"
    for row in look.ledger.all(models):
        name, file = f"model {row['use_case']}/v{row['version']}", row["file"]
        if file is not None:
            look.expect(
                file["sha256"] == row["sha256"], f"{name} has sha256 {row['sha256']}, its file {file['sha256']}"
            )
        look.bytes_of(name, file)
        look.bytes_of(f"reference of {name}", row["reference"])
    scored = """
        SELECT batch_name(use_case, key, revision) AS batch, version, sha256, generation, file(file) AS file FROM predictions
    """
    for row in look.ledger.all(scored):
        _one_maker(look, row)


def _one_maker(look: InvariantContext, row: dict[str, Any]) -> None:
    """Every row of a prediction file names what the ledger says made it."""
    whose = f"predictions of {row['batch']}"
    frame = look.table(whose, row["file"])
    if frame is None or frame.empty:
        return
    named = set(_MADE_BY) <= set(frame.columns)
    made_by = frame[_MADE_BY].drop_duplicates().astype(object).to_numpy().tolist() if named else []
    recorded = [row[name] for name in _MADE_BY]
    look.expect(made_by == [recorded], f"{whose}: made by {made_by}, on record is {recorded}")
