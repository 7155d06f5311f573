-- Overrides that expire, second persons, shadow scores and probation: what may follow a decision.

CREATE TABLE gatehouse.overrides (
    id            text PRIMARY KEY,
    use_case      text NOT NULL,
    version       integer NOT NULL,
    epoch         integer NOT NULL CHECK (epoch >= 0), -- of the champion that it replaces
    decision      text NOT NULL REFERENCES gatehouse.decisions,
    actor         text NOT NULL CHECK (btrim(actor) <> ''),
    reason        text NOT NULL CHECK (btrim(reason) <> ''),
    expires       timestamptz NOT NULL,
    second_person boolean NOT NULL,
    requester     text NOT NULL,                       -- who asked for the training: never the second person
    entry         bigint NOT NULL UNIQUE REFERENCES gatehouse.journal,
    FOREIGN KEY (use_case, version) REFERENCES gatehouse.models
);
CALL gatehouse.append_only('overrides');

CREATE TABLE gatehouse.confirmations (
    override text PRIMARY KEY REFERENCES gatehouse.overrides,
    actor    text NOT NULL CHECK (btrim(actor) <> ''),
    reason   text NOT NULL CHECK (btrim(reason) <> ''),
    entry    bigint NOT NULL UNIQUE REFERENCES gatehouse.journal
);
CALL gatehouse.append_only('confirmations');

CREATE FUNCTION gatehouse.second_person() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    asked gatehouse.overrides;
BEGIN
    SELECT * INTO asked FROM gatehouse.overrides WHERE id = NEW.override;
    IF NEW.actor IN (asked.actor, asked.requester) THEN
        RAISE EXCEPTION 'override % by % needs a second person: neither who overrides nor who asked for the training; found %',
            NEW.override, asked.actor, NEW.actor;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER second_person BEFORE INSERT ON gatehouse.confirmations FOR EACH ROW EXECUTE FUNCTION gatehouse.second_person();

CREATE TABLE gatehouse.shadows (
    use_case text NOT NULL,
    key      text NOT NULL,
    revision integer NOT NULL,
    version  integer NOT NULL, -- the former champion, which only shadows the one of `epoch`
    sha256   text NOT NULL,
    epoch    integer NOT NULL,
    file     text NOT NULL REFERENCES gatehouse.files,
    entry    bigint NOT NULL UNIQUE REFERENCES gatehouse.journal,
    PRIMARY KEY (use_case, key, revision),
    FOREIGN KEY (use_case, key, revision) REFERENCES gatehouse.predictions,
    FOREIGN KEY (use_case, version, sha256) REFERENCES gatehouse.models (use_case, version, sha256),
    FOREIGN KEY (use_case, epoch) REFERENCES gatehouse.promotions
);
CALL gatehouse.append_only('shadows');

CREATE TABLE gatehouse.probations (
    use_case text NOT NULL,
    epoch    integer NOT NULL,
    key      text NOT NULL, -- the newest batch that was compared
    former   integer NOT NULL,
    verdict  text NOT NULL CHECK (verdict IN ('open', 'worse', 'passed')),
    sentence text NOT NULL,
    result   text NOT NULL CHECK (result IS JSON OBJECT),
    entry    bigint NOT NULL UNIQUE REFERENCES gatehouse.journal,
    PRIMARY KEY (use_case, epoch, key),
    FOREIGN KEY (use_case, epoch) REFERENCES gatehouse.promotions,
    FOREIGN KEY (use_case, former) REFERENCES gatehouse.models
);
CALL gatehouse.append_only('probations');

ALTER TABLE gatehouse.promotions ADD COLUMN override text REFERENCES gatehouse.overrides;
ALTER TABLE gatehouse.promotions DROP CONSTRAINT promotions_kind_check;
ALTER TABLE gatehouse.promotions ADD CONSTRAINT promotions_kind_check
    CHECK (kind IN ('decision', 'approval', 'override', 'rollback', 'expiry', 'probation'));
ALTER TABLE gatehouse.promotions DROP CONSTRAINT a_decision_behind_it;
ALTER TABLE gatehouse.promotions ADD CONSTRAINT a_decision_behind_it
    CHECK (kind NOT IN ('decision', 'approval') OR decision IS NOT NULL);
ALTER TABLE gatehouse.promotions ADD CONSTRAINT an_override_behind_it
    CHECK (kind <> 'override' OR override IS NOT NULL) NOT VALID; -- older overrides stand on their name and reason alone

-- The champion that a decision or an approval last made one, before `epoch`: where an expired override returns to.
CREATE FUNCTION gatehouse.last_proper(wanted text, before integer) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT version FROM gatehouse.promotions p
    WHERE p.use_case = wanted AND p.epoch < before AND EXISTS (SELECT FROM gatehouse.promotions q
        WHERE (q.use_case, q.version) = (p.use_case, p.version) AND q.kind IN ('decision', 'approval') AND q.epoch <= p.epoch)
    ORDER BY epoch DESC LIMIT 1
$$;

CREATE OR REPLACE FUNCTION gatehouse.justified(p gatehouse.promotions) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT CASE p.kind
        WHEN 'decision' THEN EXISTS (SELECT FROM gatehouse.decisions d
            WHERE (d.id, d.use_case, d.version, d.verdict, d.epoch) = (p.decision, p.use_case, p.version, 'PROMOTE', p.epoch - 1))
        WHEN 'approval' THEN EXISTS (SELECT FROM gatehouse.decisions d JOIN gatehouse.answers a ON a.decision = d.id AND a.approved
            WHERE (d.id, d.use_case, d.version, d.verdict, d.epoch) = (p.decision, p.use_case, p.version, 'REVIEW', p.epoch - 1))
        WHEN 'rollback' THEN btrim(p.actor) <> '' AND btrim(p.reason) <> '' AND EXISTS (SELECT FROM gatehouse.promotions earlier
            WHERE (earlier.use_case, earlier.version) = (p.use_case, p.version) AND earlier.epoch < p.epoch)
        WHEN 'override' THEN btrim(p.actor) <> '' AND btrim(p.reason) <> '' AND CASE WHEN p.override IS NULL
            THEN p.decision IS NULL OR EXISTS (SELECT FROM gatehouse.decisions d
                WHERE (d.id, d.use_case, d.version) = (p.decision, p.use_case, p.version))
            ELSE EXISTS (SELECT FROM gatehouse.overrides o
                WHERE (o.id, o.use_case, o.version, o.epoch, o.decision) = (p.override, p.use_case, p.version, p.epoch - 1, p.decision)
                AND (NOT o.second_person OR EXISTS (SELECT FROM gatehouse.confirmations c WHERE c.override = o.id))) END
        WHEN 'expiry' THEN p.version = gatehouse.last_proper(p.use_case, p.epoch - 1) AND EXISTS (
            SELECT FROM gatehouse.promotions last JOIN gatehouse.overrides o ON o.id = last.override, gatehouse.journal j
            WHERE (last.use_case, last.epoch, last.kind) = (p.use_case, p.epoch - 1, 'override') AND j.seq = p.entry AND o.expires <= j.at)
        WHEN 'probation' THEN EXISTS (SELECT FROM gatehouse.probations b
            WHERE (b.use_case, b.epoch, b.former, b.verdict) = (p.use_case, p.epoch - 1, p.version, 'worse'))
        ELSE false
    END
$$;

CREATE OR REPLACE FUNCTION gatehouse.refuse_unjustified() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT gatehouse.justified(NEW) THEN
        RAISE EXCEPTION 'version % of % cannot become the champion of epoch %: nothing allows this %; allowed are a PROMOTE '
            'or an approved REVIEW on this very version and epoch, a named override (confirmed by a second person where the '
            'policy wants one), the return from one that has expired, a lost probation, a rollback to an earlier champion',
            NEW.version, NEW.use_case, NEW.epoch, NEW.kind;
    END IF;
    RETURN NEW;
END $$;
