-- Batches, their events, and their outcomes.

CREATE TABLE gatehouse.batches (
    use_case  text NOT NULL CHECK (btrim(use_case) <> ''),
    key       text NOT NULL CHECK (btrim(key) <> ''),
    revision  integer NOT NULL CHECK (revision > 0),
    starts    timestamptz NOT NULL,
    ends      timestamptz NOT NULL CHECK (ends > starts),
    content   text NOT NULL,
    audit_seq bigint NOT NULL UNIQUE REFERENCES gatehouse.audit_log,
    PRIMARY KEY (use_case, key, revision),
    CONSTRAINT same_content_is_the_same_revision UNIQUE (use_case, key, content)
);
CALL gatehouse.append_only('batches');

CREATE TABLE gatehouse.batch_tables (
    use_case text NOT NULL,
    key      text NOT NULL,
    revision integer NOT NULL,
    name     text NOT NULL,
    source   text NOT NULL REFERENCES gatehouse.files,
    PRIMARY KEY (use_case, key, revision, name),
    FOREIGN KEY (use_case, key, revision) REFERENCES gatehouse.batches
);
CALL gatehouse.append_only('batch_tables');

CREATE TABLE gatehouse.batch_events (
    use_case  text NOT NULL,
    key       text NOT NULL,
    revision  integer NOT NULL,
    event     text NOT NULL CHECK (event IN ('accepted', 'quarantined', 'released', 'discarded')),
    actor     text NOT NULL CHECK (btrim(actor) <> ''),
    reason    text NOT NULL,
    content   text NOT NULL,
    report    text REFERENCES gatehouse.files,
    profile   text REFERENCES gatehouse.files, -- of the columns of the accepted rows
    audit_seq bigint NOT NULL UNIQUE REFERENCES gatehouse.audit_log,
    PRIMARY KEY (use_case, key, revision, event),
    FOREIGN KEY (use_case, key, revision) REFERENCES gatehouse.batches,
    CONSTRAINT profile_of_accepted_rows CHECK (profile IS NULL OR event IN ('accepted', 'released')),
    CONSTRAINT a_reason_unless_accepted CHECK (event = 'accepted' OR btrim(reason) <> '')
);
CREATE UNIQUE INDEX batch_validated_once ON gatehouse.batch_events (use_case, key, revision)
    WHERE event IN ('accepted', 'quarantined');
CREATE UNIQUE INDEX batch_ends_once ON gatehouse.batch_events (use_case, key, revision)
    WHERE event IN ('accepted', 'released', 'discarded');
CALL gatehouse.append_only('batch_events');

CREATE FUNCTION gatehouse.require_quarantined() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM gatehouse.batch_events WHERE (use_case, key, revision, event)
                   = (NEW.use_case, NEW.key, NEW.revision, 'quarantined')) THEN
        RAISE EXCEPTION 'batch % is not quarantined, so it cannot be %',
            gatehouse.batch_name(NEW.use_case, NEW.key, NEW.revision), NEW.event;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER require_quarantined BEFORE INSERT ON gatehouse.batch_events FOR EACH ROW
    WHEN (NEW.event IN ('released', 'discarded')) EXECUTE FUNCTION gatehouse.require_quarantined();

CREATE TABLE gatehouse.batch_table_results (
    use_case    text NOT NULL,
    key         text NOT NULL,
    revision    integer NOT NULL,
    name        text NOT NULL,
    accepted    text NOT NULL REFERENCES gatehouse.files,
    quarantined text NOT NULL REFERENCES gatehouse.files,
    PRIMARY KEY (use_case, key, revision, name),
    FOREIGN KEY (use_case, key, revision, name) REFERENCES gatehouse.batch_tables
);
CALL gatehouse.append_only('batch_table_results');

CREATE TABLE gatehouse.outcomes (
    use_case       text NOT NULL,
    key            text NOT NULL,
    revision       integer NOT NULL CHECK (revision > 0),
    batch_revision integer NOT NULL,
    arrived        timestamptz NOT NULL,
    file           text NOT NULL REFERENCES gatehouse.files,
    report         text REFERENCES gatehouse.files,
    quarantined    text REFERENCES gatehouse.files,
    match          text, -- how the outcomes match the rows of their batch
    audit_seq      bigint NOT NULL UNIQUE REFERENCES gatehouse.audit_log,
    PRIMARY KEY (use_case, key, revision),
    FOREIGN KEY (use_case, key, batch_revision) REFERENCES gatehouse.batches
);
CALL gatehouse.append_only('outcomes');

-- The name of a batch everywhere: `flight_delays/2013-03.r1`.
CREATE FUNCTION gatehouse.batch_name(use_case text, key text, revision integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT use_case || '/' || key || '.r' || revision
$$;

-- The state of each batch: its last event says it.
CREATE VIEW gatehouse.current_batches AS
    SELECT b.use_case, b.key, b.revision, b.starts, b.ends, b.content, b.audit_seq,
           CASE last.event WHEN 'released' THEN 'accepted' ELSE coalesce(last.event, 'landed') END AS state,
           coalesce(last.reason, '') AS reason, validated.report, coalesce(last.audit_seq, b.audit_seq) AS last_audit_seq
    FROM gatehouse.batches b
    LEFT JOIN LATERAL (SELECT event, reason, audit_seq FROM gatehouse.batch_events a
                       WHERE (a.use_case, a.key, a.revision) = (b.use_case, b.key, b.revision)
                       ORDER BY audit_seq DESC LIMIT 1) last ON true
    LEFT JOIN LATERAL (SELECT report FROM gatehouse.batch_events a
                       WHERE (a.use_case, a.key, a.revision) = (b.use_case, b.key, b.revision) AND a.report IS NOT NULL
                       ORDER BY audit_seq DESC LIMIT 1) validated ON true;
