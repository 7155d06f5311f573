-- Registered versions, the gate's decisions, people's answers, and the champion.

CREATE TABLE gatehouse.models (
    use_case      text NOT NULL CHECK (btrim(use_case) <> ''),
    version       integer NOT NULL CHECK (version > 0),
    candidate     text NOT NULL,
    file          text NOT NULL REFERENCES gatehouse.files,
    sha256        text NOT NULL,
    reference     text NOT NULL REFERENCES gatehouse.files,
    request       text NOT NULL UNIQUE,
    training_set  text NOT NULL,
    run_id        text NOT NULL,
    trained_until timestamptz NOT NULL,
    entry         bigint NOT NULL UNIQUE REFERENCES gatehouse.journal,
    PRIMARY KEY (use_case, version),
    UNIQUE (use_case, version, sha256),
    FOREIGN KEY (request, candidate) REFERENCES gatehouse.candidates (request, name),
    FOREIGN KEY (request, training_set) REFERENCES gatehouse.training_sets (request, sha256)
);
CALL gatehouse.append_only('models');

CREATE TABLE gatehouse.decisions (
    id            text PRIMARY KEY,
    use_case      text NOT NULL,
    version       integer NOT NULL,
    verdict       text NOT NULL CHECK (verdict IN ('PROMOTE', 'HOLD', 'REVIEW', 'BLOCK')),
    sentence      text NOT NULL,
    results       text NOT NULL CHECK (results IS JSON ARRAY),
    evidence      text NOT NULL,
    evidence_file text NOT NULL REFERENCES gatehouse.files,
    policy        text NOT NULL,
    policy_text   text NOT NULL,
    champion      integer,
    epoch         integer NOT NULL CHECK (epoch >= 0),
    entry         bigint NOT NULL UNIQUE REFERENCES gatehouse.journal,
    FOREIGN KEY (use_case, version) REFERENCES gatehouse.models,
    FOREIGN KEY (use_case, champion) REFERENCES gatehouse.models
);
CALL gatehouse.append_only('decisions');

CREATE TABLE gatehouse.answers (
    decision text PRIMARY KEY REFERENCES gatehouse.decisions,
    approved boolean NOT NULL,
    actor    text NOT NULL CHECK (btrim(actor) <> ''),
    reason   text NOT NULL CHECK (btrim(reason) <> ''),
    entry    bigint NOT NULL UNIQUE REFERENCES gatehouse.journal,
    CONSTRAINT nobody_approves_nothing CHECK (NOT (approved AND actor = 'nobody'))
);
CALL gatehouse.append_only('answers');

CREATE TABLE gatehouse.promotions (
    use_case text NOT NULL,
    epoch    integer NOT NULL CHECK (epoch > 0),
    version  integer NOT NULL,
    kind     text NOT NULL CHECK (kind IN ('decision', 'approval', 'override', 'rollback')),
    decision text REFERENCES gatehouse.decisions,
    actor    text NOT NULL CHECK (btrim(actor) <> ''),
    reason   text NOT NULL CHECK (btrim(reason) <> ''),
    entry    bigint NOT NULL UNIQUE REFERENCES gatehouse.journal,
    PRIMARY KEY (use_case, epoch),
    UNIQUE (use_case, epoch, version),
    FOREIGN KEY (use_case, version) REFERENCES gatehouse.models,
    CONSTRAINT a_decision_behind_it CHECK (kind IN ('override', 'rollback') OR decision IS NOT NULL)
);
CALL gatehouse.append_only('promotions');

-- Whether a promotion rests on what it names (invariant I2); `gatehouse audit verify` asks the same of every row.
CREATE FUNCTION gatehouse.justified(p gatehouse.promotions) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT CASE p.kind
        WHEN 'decision' THEN EXISTS (SELECT FROM gatehouse.decisions d
            WHERE (d.id, d.use_case, d.version, d.verdict, d.epoch) = (p.decision, p.use_case, p.version, 'PROMOTE', p.epoch - 1))
        WHEN 'approval' THEN EXISTS (SELECT FROM gatehouse.decisions d JOIN gatehouse.answers a ON a.decision = d.id AND a.approved
            WHERE (d.id, d.use_case, d.version, d.verdict, d.epoch) = (p.decision, p.use_case, p.version, 'REVIEW', p.epoch - 1))
        WHEN 'rollback' THEN btrim(p.actor) <> '' AND btrim(p.reason) <> '' AND EXISTS (SELECT FROM gatehouse.promotions earlier
            WHERE (earlier.use_case, earlier.version) = (p.use_case, p.version) AND earlier.epoch < p.epoch)
        ELSE btrim(p.actor) <> '' AND btrim(p.reason) <> '' AND (p.decision IS NULL OR EXISTS (SELECT FROM gatehouse.decisions d
            WHERE (d.id, d.use_case, d.version) = (p.decision, p.use_case, p.version)))
    END
$$;

CREATE FUNCTION gatehouse.refuse_unjustified() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT gatehouse.justified(NEW) THEN
        RAISE EXCEPTION 'version % of % cannot become the champion of epoch %: nothing allows this %; allowed are a PROMOTE '
            'or an approved REVIEW on this very version and epoch, a rollback to an earlier champion, a named override',
            NEW.version, NEW.use_case, NEW.epoch, NEW.kind;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER justified BEFORE INSERT ON gatehouse.promotions FOR EACH ROW EXECUTE FUNCTION gatehouse.refuse_unjustified();

CREATE TABLE gatehouse.champions (
    use_case text PRIMARY KEY,
    epoch    integer NOT NULL,
    version  integer NOT NULL,
    FOREIGN KEY (use_case, epoch, version) REFERENCES gatehouse.promotions (use_case, epoch, version)
);

CREATE FUNCTION gatehouse.next_epoch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.epoch <> 1 THEN
        RAISE EXCEPTION 'the first champion of % has epoch 1, not %', NEW.use_case, NEW.epoch;
    ELSIF TG_OP = 'UPDATE' THEN
        IF NEW.use_case <> OLD.use_case OR NEW.epoch <> OLD.epoch + 1 OR NEW.version = OLD.version THEN
            RAISE EXCEPTION 'the champion of % is version % of epoch %: a change raises the epoch by one and names another '
                'version, not version % of epoch %', OLD.use_case, OLD.version, OLD.epoch, NEW.version, NEW.epoch;
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER next_epoch BEFORE INSERT OR UPDATE ON gatehouse.champions FOR EACH ROW EXECUTE FUNCTION gatehouse.next_epoch();
CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON gatehouse.champions FOR EACH STATEMENT EXECUTE FUNCTION gatehouse.refuse();
