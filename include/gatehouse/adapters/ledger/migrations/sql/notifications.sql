-- Issues, and the notifications, which are the outbox. Both only grow; the last event says the state.

CREATE TABLE gatehouse.issues (
    id        text PRIMARY KEY,
    kind      text NOT NULL,
    use_case  text NOT NULL, -- empty for what concerns the installation
    subject   text NOT NULL CHECK (btrim(subject) <> ''),
    sentence  text NOT NULL CHECK (btrim(sentence) <> ''),
    fingerprint      text NOT NULL,
    audit_seq bigint NOT NULL UNIQUE REFERENCES gatehouse.audit_log
);
CALL gatehouse.append_only('issues');

CREATE TABLE gatehouse.issue_events (
    issue     text NOT NULL REFERENCES gatehouse.issues,
    event     text NOT NULL CHECK (event IN ('changed', 'resolved')),
    sentence  text NOT NULL,
    fingerprint      text NOT NULL,
    audit_seq bigint NOT NULL UNIQUE REFERENCES gatehouse.audit_log,
    PRIMARY KEY (issue, audit_seq)
);
CREATE UNIQUE INDEX issue_resolved_once ON gatehouse.issue_events (issue) WHERE event = 'resolved';
CALL gatehouse.append_only('issue_events');

CREATE VIEW gatehouse.current_issues AS
    SELECT t.id, t.kind, t.use_case, t.subject, coalesce(last.sentence, t.sentence) AS sentence,
           coalesce(last.fingerprint, t.fingerprint) AS fingerprint, opened.at, ended.at AS over, coalesce(o.sentence, '') AS ended
    FROM gatehouse.issues t
    JOIN gatehouse.audit_log opened ON opened.seq = t.audit_seq
    LEFT JOIN LATERAL (SELECT sentence, fingerprint FROM gatehouse.issue_events a WHERE a.issue = t.id AND event = 'changed'
                       ORDER BY audit_seq DESC LIMIT 1) last ON true
    LEFT JOIN gatehouse.issue_events o ON o.issue = t.id AND o.event = 'resolved'
    LEFT JOIN gatehouse.audit_log ended ON ended.seq = o.audit_seq;

CREATE TABLE gatehouse.notifications (
    id        text PRIMARY KEY,
    recipient text NOT NULL CHECK (btrim(recipient) <> ''),
    use_case  text NOT NULL,
    alert    text NOT NULL,
    kind      text NOT NULL,
    severity  text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    phase     text NOT NULL CHECK (phase IN ('opened', 'changed', 'resolved')),
    fingerprint      text NOT NULL,
    body      text NOT NULL CHECK (body IS JSON OBJECT),
    state     text NOT NULL CHECK (state IN ('pending', 'held')),
    why       text NOT NULL,
    due       timestamptz,
    audit_seq bigint NOT NULL UNIQUE REFERENCES gatehouse.audit_log
);
CREATE INDEX notifications_by_alert ON gatehouse.notifications (alert);
CALL gatehouse.append_only('notifications');

CREATE TABLE gatehouse.notification_events (
    notification text NOT NULL REFERENCES gatehouse.notifications,
    event        text NOT NULL CHECK (event IN ('pending', 'held', 'sending', 'sent', 'failed', 'dropped')),
    attempt      integer NOT NULL CHECK (attempt >= 0),
    why          text NOT NULL,
    due          timestamptz,
    audit_seq    bigint NOT NULL UNIQUE REFERENCES gatehouse.audit_log,
    PRIMARY KEY (notification, audit_seq)
);
CREATE UNIQUE INDEX notification_sent_once ON gatehouse.notification_events (notification) WHERE event = 'sent';
CREATE UNIQUE INDEX notification_attempted_once ON gatehouse.notification_events (notification, attempt) WHERE event = 'sending';
CALL gatehouse.append_only('notification_events');

CREATE VIEW gatehouse.current_notifications AS
    SELECT m.id, m.recipient, m.use_case, m.alert, m.kind, m.severity, m.phase, m.fingerprint, m.body,
           coalesce(last.event, m.state) AS state, CASE WHEN last.event IS NULL THEN m.why ELSE last.why END AS why,
           CASE WHEN last.event IS NULL THEN m.due ELSE last.due END AS due, coalesce(last.attempt, 0) AS attempt,
           made.at AS made, coalesce(acted.at, made.at) AS acted, m.audit_seq
    FROM gatehouse.notifications m
    JOIN gatehouse.audit_log made ON made.seq = m.audit_seq
    LEFT JOIN LATERAL (SELECT event, attempt, why, due, audit_seq FROM gatehouse.notification_events a WHERE a.notification = m.id
                       ORDER BY audit_seq DESC LIMIT 1) last ON true
    LEFT JOIN gatehouse.audit_log acted ON acted.seq = last.audit_seq;

-- What may follow what; an attempt that is not the newest changes nothing (invariant I7).
CREATE FUNCTION gatehouse.check_notification_move() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was record;
BEGIN
    PERFORM gatehouse.lock_audit_log();
    SELECT * INTO was FROM gatehouse.current_notifications WHERE id = NEW.notification;
    IF (was.state, NEW.event) NOT IN
       (('held', 'pending'), ('held', 'held'), ('held', 'dropped'), ('pending', 'sending'), ('pending', 'dropped'),
        ('sending', 'sending'), ('sending', 'sent'), ('sending', 'failed'), ('failed', 'sending'), ('failed', 'dropped'))
       OR NEW.attempt <> was.attempt + (NEW.event = 'sending')::integer THEN
        RAISE EXCEPTION 'notification % is % by attempt %, so attempt % cannot make it %',
            NEW.notification, was.state, was.attempt, NEW.attempt, NEW.event;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER check_notification_move BEFORE INSERT ON gatehouse.notification_events FOR EACH ROW EXECUTE FUNCTION gatehouse.check_notification_move();
