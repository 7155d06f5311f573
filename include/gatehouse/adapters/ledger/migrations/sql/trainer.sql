-- What the trainer's role may do: read all, and write what a training and the gate's decision on it write. It answers no
-- review, overrides nothing, changes no champion and no batch. Applied at each upgrade.

REVOKE ALL ON ALL TABLES IN SCHEMA gatehouse FROM {role};
REVOKE ALL ON SCHEMA gatehouse FROM {role};
GRANT USAGE ON SCHEMA gatehouse TO {role};
GRANT SELECT ON ALL TABLES IN SCHEMA gatehouse TO {role};
GRANT INSERT (kind, subject, actor, body) ON gatehouse.audit_log TO {role};
GRANT INSERT ON
    gatehouse.files, gatehouse.retrain_requests, gatehouse.request_events, gatehouse.training_sets,
    gatehouse.training_set_batches, gatehouse.candidates, gatehouse.model_versions, gatehouse.decisions,
    gatehouse.decision_reports
    TO {role};
GRANT INSERT (task_key, fencing_token), UPDATE (fencing_token) ON gatehouse.task_attempts TO {role};
GRANT UPDATE (state) ON gatehouse.retrain_requests TO {role};
