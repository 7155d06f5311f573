-- Batches, what was done to them, and their outcomes.

CREATE TABLE gatehouse.batches (
    use_case text NOT NULL CHECK (btrim(use_case) <> ''),
    key      text NOT NULL CHECK (btrim(key) <> ''),
    revision integer NOT NULL CHECK (revision > 0),
    starts   timestamptz NOT NULL,
    ends     timestamptz NOT NULL CHECK (ends > starts),
    content  text NOT NULL,
    entry    bigint NOT NULL UNIQUE REFERENCES gatehouse.journal,
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

CREATE TABLE gatehouse.batch_acts (
    use_case text NOT NULL,
    key      text NOT NULL,
    revision integer NOT NULL,
    act      text NOT NULL CHECK (act IN ('accepted', 'quarantined', 'released', 'discarded')),
    actor    text NOT NULL CHECK (btrim(actor) <> ''),
    reason   text NOT NULL,
    content  text NOT NULL,
    report   text REFERENCES gatehouse.files,
    entry    bigint NOT NULL UNIQUE REFERENCES gatehouse.journal,
    PRIMARY KEY (use_case, key, revision, act),
    FOREIGN KEY (use_case, key, revision) REFERENCES gatehouse.batches,
    CONSTRAINT a_reason_unless_accepted CHECK (act = 'accepted' OR btrim(reason) <> '')
);
CREATE UNIQUE INDEX batch_validated_once ON gatehouse.batch_acts (use_case, key, revision)
    WHERE act IN ('accepted', 'quarantined');
CREATE UNIQUE INDEX batch_ends_once ON gatehouse.batch_acts (use_case, key, revision)
    WHERE act IN ('accepted', 'released', 'discarded');
CALL gatehouse.append_only('batch_acts');

CREATE FUNCTION gatehouse.out_of_quarantine() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM gatehouse.batch_acts WHERE (use_case, key, revision, act)
                   = (NEW.use_case, NEW.key, NEW.revision, 'quarantined')) THEN
        RAISE EXCEPTION 'batch % is not quarantined, so it cannot be %',
            gatehouse.batch_name(NEW.use_case, NEW.key, NEW.revision), NEW.act;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER out_of_quarantine BEFORE INSERT ON gatehouse.batch_acts FOR EACH ROW
    WHEN (NEW.act IN ('released', 'discarded')) EXECUTE FUNCTION gatehouse.out_of_quarantine();

CREATE TABLE gatehouse.batch_parts (
    use_case    text NOT NULL,
    key         text NOT NULL,
    revision    integer NOT NULL,
    name        text NOT NULL,
    accepted    text NOT NULL REFERENCES gatehouse.files,
    quarantined text NOT NULL REFERENCES gatehouse.files,
    PRIMARY KEY (use_case, key, revision, name),
    FOREIGN KEY (use_case, key, revision, name) REFERENCES gatehouse.batch_tables
);
CALL gatehouse.append_only('batch_parts');

CREATE TABLE gatehouse.outcomes (
    use_case       text NOT NULL,
    key            text NOT NULL,
    revision       integer NOT NULL CHECK (revision > 0),
    batch_revision integer NOT NULL,
    arrived        timestamptz NOT NULL,
    file           text NOT NULL REFERENCES gatehouse.files,
    report         text REFERENCES gatehouse.files,
    entry          bigint NOT NULL UNIQUE REFERENCES gatehouse.journal,
    PRIMARY KEY (use_case, key, revision),
    FOREIGN KEY (use_case, key, batch_revision) REFERENCES gatehouse.batches
);
CALL gatehouse.append_only('outcomes');

-- How a batch is called everywhere: `flight_delays/2013-03.r1`.
CREATE FUNCTION gatehouse.batch_name(use_case text, key text, revision integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT use_case || '/' || key || '.r' || revision
$$;

-- Where each batch rests: the last act upon it says it.
CREATE VIEW gatehouse.batch_now AS
    SELECT b.use_case, b.key, b.revision, b.starts, b.ends, b.content, b.entry,
           CASE last.act WHEN 'released' THEN 'accepted' ELSE coalesce(last.act, 'landed') END AS state,
           coalesce(last.reason, '') AS reason, validated.report, coalesce(last.entry, b.entry) AS last_entry
    FROM gatehouse.batches b
    LEFT JOIN LATERAL (SELECT act, reason, entry FROM gatehouse.batch_acts a
                       WHERE (a.use_case, a.key, a.revision) = (b.use_case, b.key, b.revision)
                       ORDER BY entry DESC LIMIT 1) last ON true
    LEFT JOIN LATERAL (SELECT report FROM gatehouse.batch_acts a
                       WHERE (a.use_case, a.key, a.revision) = (b.use_case, b.key, b.revision) AND a.report IS NOT NULL
                       ORDER BY entry DESC LIMIT 1) validated ON true;
