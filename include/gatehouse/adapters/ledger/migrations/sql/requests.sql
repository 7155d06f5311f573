-- Retrain requests, their events, and what their runs recorded.

CREATE TABLE gatehouse.retrain_requests (
    id        text PRIMARY KEY,
    use_case  text NOT NULL CHECK (btrim(use_case) <> ''),
    as_of     timestamptz NOT NULL,
    opened_by text NOT NULL CHECK (btrim(opened_by) <> ''),
    reasons   text NOT NULL CHECK (reasons IS JSON ARRAY),
    state     text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'claimed', 'decided', 'failed', 'cancelled', 'expired')),
    audit_seq bigint NOT NULL UNIQUE REFERENCES gatehouse.audit_log
);
CREATE UNIQUE INDEX one_pending_request ON gatehouse.retrain_requests (use_case) WHERE state IN ('open', 'claimed');

CREATE FUNCTION gatehouse.check_request_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.state, NEW.state) NOT IN
       (('open', 'claimed'), ('claimed', 'decided'), ('claimed', 'failed'), ('claimed', 'cancelled'), ('open', 'expired'))
       OR to_jsonb(NEW) - 'state' <> to_jsonb(OLD) - 'state' THEN
        RAISE EXCEPTION 'retrain request % is %, so it cannot become %', OLD.id, OLD.state, NEW.state;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER check_request_move BEFORE UPDATE ON gatehouse.retrain_requests FOR EACH ROW EXECUTE FUNCTION gatehouse.check_request_move();
CREATE TRIGGER forbid_delete BEFORE DELETE OR TRUNCATE ON gatehouse.retrain_requests FOR EACH STATEMENT EXECUTE FUNCTION gatehouse.refuse();

CREATE TABLE gatehouse.request_events (
    request   text NOT NULL REFERENCES gatehouse.retrain_requests,
    event     text NOT NULL CHECK (event IN ('joined', 'claimed', 'decided', 'failed', 'cancelled', 'expired')),
    actor     text NOT NULL CHECK (btrim(actor) <> ''),
    reasons   text NOT NULL CHECK (reasons IS JSON ARRAY),
    sentence  text NOT NULL,
    audit_seq bigint NOT NULL UNIQUE REFERENCES gatehouse.audit_log,
    PRIMARY KEY (request, audit_seq),
    CONSTRAINT a_sentence_at_the_end CHECK (event IN ('joined', 'claimed') OR btrim(sentence) <> '')
);
CREATE UNIQUE INDEX request_claimed_once ON gatehouse.request_events (request) WHERE event = 'claimed';
CREATE UNIQUE INDEX request_ends_once ON gatehouse.request_events (request) WHERE event IN ('decided', 'failed', 'cancelled', 'expired');
CALL gatehouse.append_only('request_events');

CREATE TABLE gatehouse.training_sets (
    request    text PRIMARY KEY REFERENCES gatehouse.retrain_requests,
    sha256     text NOT NULL,
    training   text NOT NULL REFERENCES gatehouse.files,
    holdout    text NOT NULL REFERENCES gatehouse.files,
    report     text REFERENCES gatehouse.files,
    model_code text, -- sha256 of the code that made the labels
    audit_seq  bigint NOT NULL UNIQUE REFERENCES gatehouse.audit_log,
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
    IF NOT EXISTS (SELECT FROM gatehouse.current_batches WHERE (use_case, key, revision, state)
                   = (NEW.use_case, NEW.key, NEW.revision, 'accepted')) THEN
        RAISE EXCEPTION 'batch % is not accepted, so no training set may use it',
            gatehouse.batch_name(NEW.use_case, NEW.key, NEW.revision);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER trains_on_accepted BEFORE INSERT ON gatehouse.training_set_batches
    FOR EACH ROW EXECUTE FUNCTION gatehouse.trains_on_accepted();

CREATE TABLE gatehouse.candidates (
    request   text NOT NULL REFERENCES gatehouse.retrain_requests,
    name      text NOT NULL CHECK (btrim(name) <> ''),
    metrics   text NOT NULL CHECK (metrics IS JSON OBJECT),
    file      text REFERENCES gatehouse.files,
    run_id    text NOT NULL,
    reason    text NOT NULL,
    audit_seq bigint NOT NULL UNIQUE REFERENCES gatehouse.audit_log,
    PRIMARY KEY (request, name)
);
CALL gatehouse.append_only('candidates');
