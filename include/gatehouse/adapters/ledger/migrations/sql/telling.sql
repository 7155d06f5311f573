-- Being told: troubles, and the messages that are the outbox. Both append only; where they stand is what the last act says.

CREATE TABLE gatehouse.troubles (
    id       text PRIMARY KEY,
    kind     text NOT NULL,
    use_case text NOT NULL, -- empty for what concerns the installation
    subject  text NOT NULL CHECK (btrim(subject) <> ''),
    sentence text NOT NULL CHECK (btrim(sentence) <> ''),
    mark     text NOT NULL,
    entry    bigint NOT NULL UNIQUE REFERENCES gatehouse.journal
);
CALL gatehouse.append_only('troubles');

CREATE TABLE gatehouse.trouble_acts (
    trouble  text NOT NULL REFERENCES gatehouse.troubles,
    act      text NOT NULL CHECK (act IN ('changed', 'over')),
    sentence text NOT NULL,
    mark     text NOT NULL,
    entry    bigint NOT NULL UNIQUE REFERENCES gatehouse.journal,
    PRIMARY KEY (trouble, entry)
);
CREATE UNIQUE INDEX trouble_over_once ON gatehouse.trouble_acts (trouble) WHERE act = 'over';
CALL gatehouse.append_only('trouble_acts');

CREATE VIEW gatehouse.trouble_now AS
    SELECT t.id, t.kind, t.use_case, t.subject, coalesce(last.sentence, t.sentence) AS sentence,
           coalesce(last.mark, t.mark) AS mark, opened.at, ended.at AS over, coalesce(o.sentence, '') AS ended
    FROM gatehouse.troubles t
    JOIN gatehouse.journal opened ON opened.seq = t.entry
    LEFT JOIN LATERAL (SELECT sentence, mark FROM gatehouse.trouble_acts a WHERE a.trouble = t.id AND act = 'changed'
                       ORDER BY entry DESC LIMIT 1) last ON true
    LEFT JOIN gatehouse.trouble_acts o ON o.trouble = t.id AND o.act = 'over'
    LEFT JOIN gatehouse.journal ended ON ended.seq = o.entry;

CREATE TABLE gatehouse.messages (
    id        text PRIMARY KEY,
    recipient text NOT NULL CHECK (btrim(recipient) <> ''),
    use_case  text NOT NULL,
    matter    text NOT NULL,
    kind      text NOT NULL,
    severity  text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    phase     text NOT NULL CHECK (phase IN ('opened', 'changed', 'resolved')),
    mark      text NOT NULL,
    body      text NOT NULL CHECK (body IS JSON OBJECT),
    state     text NOT NULL CHECK (state IN ('pending', 'held')),
    why       text NOT NULL,
    due       timestamptz,
    entry     bigint NOT NULL UNIQUE REFERENCES gatehouse.journal
);
CREATE INDEX messages_by_matter ON gatehouse.messages (matter);
CALL gatehouse.append_only('messages');

CREATE TABLE gatehouse.message_acts (
    message text NOT NULL REFERENCES gatehouse.messages,
    act     text NOT NULL CHECK (act IN ('pending', 'held', 'sending', 'sent', 'failed', 'dropped')),
    attempt integer NOT NULL CHECK (attempt >= 0),
    why     text NOT NULL,
    due     timestamptz,
    entry   bigint NOT NULL UNIQUE REFERENCES gatehouse.journal,
    PRIMARY KEY (message, entry)
);
CREATE UNIQUE INDEX message_sent_once ON gatehouse.message_acts (message) WHERE act = 'sent';
CREATE UNIQUE INDEX message_attempted_once ON gatehouse.message_acts (message, attempt) WHERE act = 'sending';
CALL gatehouse.append_only('message_acts');

CREATE VIEW gatehouse.message_now AS
    SELECT m.id, m.recipient, m.use_case, m.matter, m.kind, m.severity, m.phase, m.mark, m.body,
           coalesce(last.act, m.state) AS state, CASE WHEN last.act IS NULL THEN m.why ELSE last.why END AS why,
           CASE WHEN last.act IS NULL THEN m.due ELSE last.due END AS due, coalesce(last.attempt, 0) AS attempt,
           made.at AS made, coalesce(acted.at, made.at) AS acted, m.entry
    FROM gatehouse.messages m
    JOIN gatehouse.journal made ON made.seq = m.entry
    LEFT JOIN LATERAL (SELECT act, attempt, why, due, entry FROM gatehouse.message_acts a WHERE a.message = m.id
                       ORDER BY entry DESC LIMIT 1) last ON true
    LEFT JOIN gatehouse.journal acted ON acted.seq = last.entry;

-- What may follow what; an attempt that is not the newest changes nothing (invariant I7).
CREATE FUNCTION gatehouse.message_moves() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was record;
BEGIN
    PERFORM gatehouse.lock_journal();
    SELECT * INTO was FROM gatehouse.message_now WHERE id = NEW.message;
    IF (was.state, NEW.act) NOT IN
       (('held', 'pending'), ('held', 'held'), ('held', 'dropped'), ('pending', 'sending'), ('pending', 'dropped'),
        ('sending', 'sending'), ('sending', 'sent'), ('sending', 'failed'), ('failed', 'sending'), ('failed', 'dropped'))
       OR NEW.attempt <> was.attempt + (NEW.act = 'sending')::integer THEN
        RAISE EXCEPTION 'message % is % by attempt %, so attempt % cannot make it %',
            NEW.message, was.state, was.attempt, NEW.attempt, NEW.act;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER message_moves BEFORE INSERT ON gatehouse.message_acts FOR EACH ROW EXECUTE FUNCTION gatehouse.message_moves();

-- What was found behind the gate's back is looked for in every upkeep cycle, and is rare.
CREATE INDEX journal_bypasses ON gatehouse.journal (seq)
    WHERE kind IN ('alias.unexplained', 'promotion.uncarried', 'review.unasked', 'model.replaced');
