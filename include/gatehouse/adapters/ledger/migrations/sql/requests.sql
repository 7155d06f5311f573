-- Retrain requests, what was done to them, and what their runs recorded.

CREATE TABLE gatehouse.requests (
    id        text PRIMARY KEY,
    use_case  text NOT NULL CHECK (btrim(use_case) <> ''),
    as_of     timestamptz NOT NULL,
    opened_by text NOT NULL CHECK (btrim(opened_by) <> ''),
    reasons   text NOT NULL CHECK (reasons IS JSON ARRAY),
    state     text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'claimed', 'decided', 'failed', 'cancelled')),
    entry     bigint NOT NULL UNIQUE REFERENCES gatehouse.journal
);
CREATE UNIQUE INDEX one_pending_request ON gatehouse.requests (use_case) WHERE state IN ('open', 'claimed');

CREATE FUNCTION gatehouse.request_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.state, NEW.state) NOT IN
       (('open', 'claimed'), ('claimed', 'decided'), ('claimed', 'failed'), ('claimed', 'cancelled'))
       OR to_jsonb(NEW) - 'state' <> to_jsonb(OLD) - 'state' THEN
        RAISE EXCEPTION 'retrain request % is %, so it cannot become %', OLD.id, OLD.state, NEW.state;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER request_moves BEFORE UPDATE ON gatehouse.requests FOR EACH ROW EXECUTE FUNCTION gatehouse.request_moves();
CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON gatehouse.requests FOR EACH STATEMENT EXECUTE FUNCTION gatehouse.refuse();

CREATE TABLE gatehouse.request_acts (
    request  text NOT NULL REFERENCES gatehouse.requests,
    act      text NOT NULL CHECK (act IN ('joined', 'claimed', 'decided', 'failed', 'cancelled')),
    actor    text NOT NULL CHECK (btrim(actor) <> ''),
    reasons  text NOT NULL CHECK (reasons IS JSON ARRAY),
    sentence text NOT NULL,
    entry    bigint NOT NULL UNIQUE REFERENCES gatehouse.journal,
    PRIMARY KEY (request, entry),
    CONSTRAINT a_sentence_at_the_end CHECK (act IN ('joined', 'claimed') OR btrim(sentence) <> '')
);
CREATE UNIQUE INDEX request_claimed_once ON gatehouse.request_acts (request) WHERE act = 'claimed';
CREATE UNIQUE INDEX request_ends_once ON gatehouse.request_acts (request) WHERE act IN ('decided', 'failed', 'cancelled');
CALL gatehouse.append_only('request_acts');

CREATE TABLE gatehouse.training_sets (
    request  text PRIMARY KEY REFERENCES gatehouse.requests,
    sha256   text NOT NULL,
    training text NOT NULL REFERENCES gatehouse.files,
    holdout  text NOT NULL REFERENCES gatehouse.files,
    report   text REFERENCES gatehouse.files,
    entry    bigint NOT NULL UNIQUE REFERENCES gatehouse.journal,
    UNIQUE (request, sha256)
);
CALL gatehouse.append_only('training_sets');

CREATE TABLE gatehouse.training_set_batches (
    request  text NOT NULL REFERENCES gatehouse.training_sets,
    part     text NOT NULL CHECK (part IN ('training', 'holdout')),
    use_case text NOT NULL,
    key      text NOT NULL,
    revision integer NOT NULL,
    PRIMARY KEY (request, part, use_case, key, revision),
    FOREIGN KEY (use_case, key, revision) REFERENCES gatehouse.batches
);
CALL gatehouse.append_only('training_set_batches');

CREATE FUNCTION gatehouse.trains_on_accepted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM gatehouse.batch_now WHERE (use_case, key, revision, state)
                   = (NEW.use_case, NEW.key, NEW.revision, 'accepted')) THEN
        RAISE EXCEPTION 'batch % is not accepted, so no training set may use it',
            gatehouse.batch_name(NEW.use_case, NEW.key, NEW.revision);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER trains_on_accepted BEFORE INSERT ON gatehouse.training_set_batches
    FOR EACH ROW EXECUTE FUNCTION gatehouse.trains_on_accepted();

CREATE TABLE gatehouse.candidates (
    request text NOT NULL REFERENCES gatehouse.requests,
    name    text NOT NULL CHECK (btrim(name) <> ''),
    metrics text NOT NULL CHECK (metrics IS JSON OBJECT),
    file    text REFERENCES gatehouse.files,
    run_id  text NOT NULL,
    reason  text NOT NULL,
    entry   bigint NOT NULL UNIQUE REFERENCES gatehouse.journal,
    PRIMARY KEY (request, name)
);
CALL gatehouse.append_only('candidates');
