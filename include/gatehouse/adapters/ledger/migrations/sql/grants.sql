-- What the application's role may do: read all, append, and move the three things that move. Applied at each upgrade.

REVOKE ALL ON ALL TABLES IN SCHEMA gatehouse FROM {role};
REVOKE ALL ON SCHEMA gatehouse FROM {role};
GRANT USAGE ON SCHEMA gatehouse TO {role};
GRANT SELECT ON ALL TABLES IN SCHEMA gatehouse TO {role};
GRANT INSERT (kind, subject, actor, body) ON gatehouse.audit_log TO {role};
GRANT INSERT ON
    gatehouse.files,
    gatehouse.batches, gatehouse.batch_tables, gatehouse.batch_events, gatehouse.batch_table_results, gatehouse.outcomes,
    gatehouse.retrain_requests, gatehouse.request_events, gatehouse.training_sets, gatehouse.training_set_batches, gatehouse.candidates,
    gatehouse.model_versions, gatehouse.decisions, gatehouse.review_responses, gatehouse.champion_changes, gatehouse.current_champions,
    gatehouse.predictions, gatehouse.monitoring_reports,
    gatehouse.overrides, gatehouse.override_confirmations, gatehouse.shadow_predictions, gatehouse.probations,
    gatehouse.issues, gatehouse.issue_events, gatehouse.notifications, gatehouse.notification_events,
    gatehouse.revalidations, gatehouse.backfills, gatehouse.backfill_results, gatehouse.decision_reports
    TO {role};
GRANT INSERT (task_key, fencing_token), UPDATE (fencing_token) ON gatehouse.task_attempts TO {role};
GRANT UPDATE (state) ON gatehouse.retrain_requests TO {role};
GRANT UPDATE (generation, version) ON gatehouse.current_champions TO {role};
