-- What the application's role may do: read all, append, and move the three things that move. Applied at each upgrade.

REVOKE ALL ON ALL TABLES IN SCHEMA gatehouse FROM {role};
REVOKE ALL ON SCHEMA gatehouse FROM {role};
GRANT USAGE ON SCHEMA gatehouse TO {role};
GRANT SELECT ON ALL TABLES IN SCHEMA gatehouse TO {role};
GRANT INSERT (kind, subject, actor, body) ON gatehouse.journal TO {role};
GRANT INSERT ON
    gatehouse.files,
    gatehouse.batches, gatehouse.batch_tables, gatehouse.batch_acts, gatehouse.batch_parts, gatehouse.outcomes,
    gatehouse.requests, gatehouse.request_acts, gatehouse.training_sets, gatehouse.training_set_batches, gatehouse.candidates,
    gatehouse.models, gatehouse.decisions, gatehouse.answers, gatehouse.promotions, gatehouse.champions,
    gatehouse.predictions, gatehouse.watches,
    gatehouse.overrides, gatehouse.confirmations, gatehouse.shadows, gatehouse.probations,
    gatehouse.troubles, gatehouse.trouble_acts, gatehouse.messages, gatehouse.message_acts,
    gatehouse.revalidations, gatehouse.backfills, gatehouse.backfill_ends, gatehouse.decision_reports
    TO {role};
GRANT INSERT (work, token), UPDATE (token) ON gatehouse.attempts TO {role};
GRANT UPDATE (state) ON gatehouse.requests TO {role};
GRANT UPDATE (epoch, version) ON gatehouse.champions TO {role};
