-- The journal, the files of the lake it speaks of, and the attempts that may write.

CREATE FUNCTION gatehouse.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on gatehouse.% is refused: what the ledger holds is never changed', TG_OP, TG_TABLE_NAME;
END $$;

CREATE PROCEDURE gatehouse.append_only(name text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON gatehouse.%I '
                   'FOR EACH STATEMENT EXECUTE FUNCTION gatehouse.refuse()', name);
END $$;

CREATE TABLE gatehouse.journal (
    seq      bigint PRIMARY KEY,
    kind     text NOT NULL CHECK (kind ~ '^[a-z_]+\.[a-z_]+$'),
    subject  text NOT NULL CHECK (btrim(subject) <> ''),
    actor    text NOT NULL CHECK (btrim(actor) <> ''),
    at       timestamptz NOT NULL,
    body     text NOT NULL CHECK (body IS JSON OBJECT),
    previous text NOT NULL,
    hash     text NOT NULL UNIQUE
);
CREATE INDEX journal_by_subject ON gatehouse.journal (subject, seq);
CREATE UNIQUE INDEX batch_repeated_once ON gatehouse.journal (subject) WHERE kind = 'batch.repeated';
CALL gatehouse.append_only('journal');

-- One writer at a time: the numbers have no gap and each hash covers the one before. A sequence would leave gaps.
CREATE FUNCTION gatehouse.lock_journal() RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(hashtext('gatehouse.journal'))
$$;

CREATE FUNCTION gatehouse.chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last gatehouse.journal;
BEGIN
    PERFORM gatehouse.lock_journal();
    SELECT * INTO last FROM gatehouse.journal ORDER BY seq DESC LIMIT 1;
    NEW.seq := coalesce(last.seq, 0) + 1;
    NEW.at := greatest(clock_timestamp(), last.at);
    NEW.previous := coalesce(last.hash, repeat('0', 64));
    NEW.hash := encode(sha256(convert_to(NEW.previous || '[' || NEW.seq || ',' || to_json(NEW.kind) || ','
        || to_json(NEW.subject) || ',' || to_json(NEW.actor) || ',"'
        || to_char(NEW.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') || '+00:00",' || NEW.body || ']', 'UTF8')), 'hex');
    RETURN NEW;
END $$;
CREATE TRIGGER chain BEFORE INSERT ON gatehouse.journal FOR EACH ROW EXECUTE FUNCTION gatehouse.chain();

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

CREATE TABLE gatehouse.attempts (
    work  text PRIMARY KEY CHECK (btrim(work) <> ''),
    token bigint NOT NULL CHECK (token > 0),
    entered timestamptz NOT NULL DEFAULT now() -- when the newest attempt started: upkeep wakes what nobody has tried for long
);

CREATE FUNCTION gatehouse.rising_token() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.work <> OLD.work OR NEW.token <> OLD.token + 1 THEN
        RAISE EXCEPTION 'attempt % at % cannot become %: a token rises by one', OLD.token, OLD.work, NEW.token;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER rising_token BEFORE UPDATE ON gatehouse.attempts FOR EACH ROW EXECUTE FUNCTION gatehouse.rising_token();
CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON gatehouse.attempts FOR EACH STATEMENT EXECUTE FUNCTION gatehouse.refuse();
