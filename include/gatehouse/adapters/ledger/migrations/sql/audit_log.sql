-- The audit log, the files of the lake that it names, and the attempts that may write.

CREATE FUNCTION gatehouse.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on gatehouse.% is refused: what the ledger holds is never changed', TG_OP, TG_TABLE_NAME;
END $$;

CREATE PROCEDURE gatehouse.append_only(name text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON gatehouse.%I '
                   'FOR EACH STATEMENT EXECUTE FUNCTION gatehouse.refuse()', name);
END $$;

CREATE TABLE gatehouse.audit_log (
    seq      bigint PRIMARY KEY,
    kind     text NOT NULL CHECK (kind ~ '^[a-z_]+\.[a-z_]+$'),
    subject  text NOT NULL CHECK (btrim(subject) <> ''),
    actor    text NOT NULL CHECK (btrim(actor) <> ''),
    at       timestamptz NOT NULL,
    body     text NOT NULL CHECK (body IS JSON OBJECT),
    previous text NOT NULL,
    hash     text NOT NULL UNIQUE
);
CREATE INDEX audit_log_by_subject ON gatehouse.audit_log (subject, seq);
CREATE INDEX audit_log_by_actor ON gatehouse.audit_log (actor, seq);
CREATE INDEX audit_log_by_kind ON gatehouse.audit_log (kind, seq);
CREATE UNIQUE INDEX batch_repeated_once ON gatehouse.audit_log (subject) WHERE kind = 'batch.repeated';
CALL gatehouse.append_only('audit_log');

-- One writer at a time: the numbers have no gap and each hash covers the one before. A sequence would leave gaps.
CREATE FUNCTION gatehouse.lock_audit_log() RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(hashtext('gatehouse.audit_log'))
$$;

CREATE FUNCTION gatehouse.chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last gatehouse.audit_log;
BEGIN
    PERFORM gatehouse.lock_audit_log();
    SELECT * INTO last FROM gatehouse.audit_log ORDER BY seq DESC LIMIT 1;
    NEW.seq := coalesce(last.seq, 0) + 1;
    NEW.at := greatest(clock_timestamp(), last.at);
    NEW.previous := coalesce(last.hash, repeat('0', 64));
    NEW.hash := encode(sha256(convert_to(NEW.previous || '[' || NEW.seq || ',' || to_json(NEW.kind) || ','
        || to_json(NEW.subject) || ',' || to_json(NEW.actor) || ',"'
        || to_char(NEW.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') || '+00:00",' || NEW.body || ']', 'UTF8')), 'hex');
    RETURN NEW;
END $$;
CREATE TRIGGER chain BEFORE INSERT ON gatehouse.audit_log FOR EACH ROW EXECUTE FUNCTION gatehouse.chain();

CREATE TABLE gatehouse.files (
    path   text PRIMARY KEY,
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    size   bigint NOT NULL CHECK (size >= 0),
    rows   bigint CHECK (rows >= 0)
);
CALL gatehouse.append_only('files');

CREATE FUNCTION gatehouse.file(wanted text) RETURNS json LANGUAGE sql STABLE AS $$
    SELECT to_json(f) FROM gatehouse.files f WHERE f.path = wanted
$$;

CREATE TABLE gatehouse.task_attempts (
    task_key      text PRIMARY KEY CHECK (btrim(task_key) <> ''),
    fencing_token bigint NOT NULL CHECK (fencing_token > 0),
    started_at    timestamptz NOT NULL DEFAULT now() -- of the newest attempt; the application's role cannot set it
);

CREATE FUNCTION gatehouse.require_rising_token() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.task_key <> OLD.task_key OR NEW.fencing_token <> OLD.fencing_token + 1 THEN
        RAISE EXCEPTION 'attempt % at % cannot become %: a token rises by one', OLD.fencing_token, OLD.task_key, NEW.fencing_token;
    END IF;
    NEW.started_at := now();
    RETURN NEW;
END $$;
CREATE TRIGGER require_rising_token BEFORE UPDATE ON gatehouse.task_attempts FOR EACH ROW EXECUTE FUNCTION gatehouse.require_rising_token();
CREATE TRIGGER forbid_delete BEFORE DELETE OR TRUNCATE ON gatehouse.task_attempts FOR EACH STATEMENT EXECUTE FUNCTION gatehouse.refuse();

-- Maintenance looks for what bypassed the gate; such entries are rare.
CREATE INDEX audit_log_bypasses ON gatehouse.audit_log (seq)
    WHERE kind IN ('alias.drifted', 'promotion.not_applied', 'review.not_requested', 'model.replaced');
