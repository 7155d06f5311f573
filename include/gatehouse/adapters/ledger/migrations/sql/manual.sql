-- What people asked for by hand: batches checked again under a changed contract, and ranges that are backfilled.

CREATE TABLE gatehouse.revalidations (
    use_case  text NOT NULL,
    key       text NOT NULL,
    revision  integer NOT NULL,
    contract  text NOT NULL CHECK (contract ~ '^[0-9a-f]{64}$'),
    report    text NOT NULL REFERENCES gatehouse.files,
    state     text NOT NULL CHECK (state IN ('accepted', 'quarantined')),
    verdict   text NOT NULL CHECK (verdict IN ('accepted', 'quarantined')),
    found     text NOT NULL,
    counts    text NOT NULL CHECK (counts IS JSON OBJECT),
    actor     text NOT NULL CHECK (btrim(actor) <> ''),
    reason    text NOT NULL CHECK (btrim(reason) <> ''),
    audit_seq bigint NOT NULL UNIQUE REFERENCES gatehouse.audit_log,
    PRIMARY KEY (use_case, key, revision, contract, report),
    FOREIGN KEY (use_case, key, revision) REFERENCES gatehouse.batches,
    CONSTRAINT found_unless_accepted CHECK (verdict = 'accepted' OR btrim(found) <> '')
);
CALL gatehouse.append_only('revalidations');

CREATE TABLE gatehouse.backfills (
    id        text PRIMARY KEY,
    use_case  text NOT NULL CHECK (btrim(use_case) <> ''),
    first     text NOT NULL,
    last      text NOT NULL CHECK (last >= first),
    promote   boolean NOT NULL,
    actor     text NOT NULL CHECK (btrim(actor) <> ''),
    reason    text NOT NULL CHECK (btrim(reason) <> ''),
    audit_seq bigint NOT NULL UNIQUE REFERENCES gatehouse.audit_log
);
CALL gatehouse.append_only('backfills');

CREATE TABLE gatehouse.backfill_results (
    backfill  text PRIMARY KEY REFERENCES gatehouse.backfills,
    state     text NOT NULL CHECK (state IN ('done', 'failed')),
    sentence  text NOT NULL CHECK (btrim(sentence) <> ''),
    request   text REFERENCES gatehouse.retrain_requests,
    actor     text NOT NULL CHECK (btrim(actor) <> ''),
    audit_seq bigint NOT NULL UNIQUE REFERENCES gatehouse.audit_log
);
CALL gatehouse.append_only('backfill_results');

-- One at a time for a use case, and a training only where it was allowed.
CREATE FUNCTION gatehouse.require_single_backfill() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM gatehouse.backfills b LEFT JOIN gatehouse.backfill_results e ON e.backfill = b.id
               WHERE b.use_case = NEW.use_case AND e.backfill IS NULL) THEN
        RAISE EXCEPTION 'a backfill of % is under way', NEW.use_case;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER require_single_backfill BEFORE INSERT ON gatehouse.backfills
    FOR EACH ROW EXECUTE FUNCTION gatehouse.require_single_backfill();

CREATE FUNCTION gatehouse.require_may_promote() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.request IS NOT NULL AND NOT (SELECT promote FROM gatehouse.backfills WHERE id = NEW.backfill) THEN
        RAISE EXCEPTION 'backfill % may not ask for a training: `promote` was not chosen', NEW.backfill;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER require_may_promote BEFORE INSERT ON gatehouse.backfill_results FOR EACH ROW EXECUTE FUNCTION gatehouse.require_may_promote();
