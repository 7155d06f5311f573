-- Overrides and the champion. A change of champion must rest on what it names (promotion_rules.sql).

CREATE TABLE gatehouse.overrides (
    id            text PRIMARY KEY,
    use_case      text NOT NULL,
    version       integer NOT NULL,
    generation    integer NOT NULL CHECK (generation >= 0), -- of the champion that it replaces
    decision      text NOT NULL REFERENCES gatehouse.decisions,
    actor         text NOT NULL CHECK (btrim(actor) <> ''),
    reason        text NOT NULL CHECK (btrim(reason) <> ''),
    expires       timestamptz NOT NULL,
    second_person boolean NOT NULL,
    requester     text NOT NULL,                       -- who asked for the training: never the second person
    audit_seq     bigint NOT NULL UNIQUE REFERENCES gatehouse.audit_log,
    FOREIGN KEY (use_case, version) REFERENCES gatehouse.model_versions
);
CALL gatehouse.append_only('overrides');

-- An override names a decision against the champion that it replaces, not against a former one.
CREATE FUNCTION gatehouse.require_present_decision() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    compared integer;
    serving integer;
BEGIN
    SELECT champion INTO compared FROM gatehouse.decisions WHERE id = NEW.decision;
    SELECT version INTO serving FROM gatehouse.champion_changes
        WHERE (use_case, generation) = (NEW.use_case, NEW.generation);
    IF compared IS DISTINCT FROM serving THEN
        RAISE EXCEPTION 'decision % compared version % with version %, and version % serves now: judge it again before an override',
            left(NEW.decision, 8), NEW.version, coalesce(compared, 0), coalesce(serving, 0);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER require_present_decision BEFORE INSERT ON gatehouse.overrides
    FOR EACH ROW EXECUTE FUNCTION gatehouse.require_present_decision();

CREATE TABLE gatehouse.override_confirmations (
    override  text PRIMARY KEY REFERENCES gatehouse.overrides,
    actor     text NOT NULL CHECK (btrim(actor) <> ''),
    reason    text NOT NULL CHECK (btrim(reason) <> ''),
    audit_seq bigint NOT NULL UNIQUE REFERENCES gatehouse.audit_log
);
CALL gatehouse.append_only('override_confirmations');

CREATE FUNCTION gatehouse.require_second_approver() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER require_second_approver BEFORE INSERT ON gatehouse.override_confirmations FOR EACH ROW EXECUTE FUNCTION gatehouse.require_second_approver();

CREATE TABLE gatehouse.champion_changes (
    use_case   text NOT NULL,
    generation integer NOT NULL CHECK (generation > 0),
    version    integer NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('decision', 'approval', 'override', 'rollback', 'expiry', 'probation')),
    decision   text REFERENCES gatehouse.decisions,
    actor      text NOT NULL CHECK (btrim(actor) <> ''),
    reason     text NOT NULL CHECK (btrim(reason) <> ''),
    override   text REFERENCES gatehouse.overrides,
    audit_seq  bigint NOT NULL UNIQUE REFERENCES gatehouse.audit_log,
    PRIMARY KEY (use_case, generation),
    UNIQUE (use_case, generation, version),
    FOREIGN KEY (use_case, version) REFERENCES gatehouse.model_versions,
    CONSTRAINT a_decision_behind_it CHECK (kind NOT IN ('decision', 'approval') OR decision IS NOT NULL),
    CONSTRAINT an_override_behind_it CHECK (kind <> 'override' OR override IS NOT NULL)
);
CALL gatehouse.append_only('champion_changes');

CREATE TABLE gatehouse.current_champions (
    use_case   text PRIMARY KEY,
    generation integer NOT NULL,
    version    integer NOT NULL,
    FOREIGN KEY (use_case, generation, version) REFERENCES gatehouse.champion_changes (use_case, generation, version)
);

CREATE FUNCTION gatehouse.require_next_generation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.generation <> 1 THEN
        RAISE EXCEPTION 'the first champion of % has generation 1, not %', NEW.use_case, NEW.generation;
    ELSIF TG_OP = 'UPDATE' THEN
        IF NEW.use_case <> OLD.use_case OR NEW.generation <> OLD.generation + 1 OR NEW.version = OLD.version THEN
            RAISE EXCEPTION 'the champion of % is version % of generation %: a change raises the generation by one and names another '
                'version, not version % of generation %', OLD.use_case, OLD.version, OLD.generation, NEW.version, NEW.generation;
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER require_next_generation BEFORE INSERT OR UPDATE ON gatehouse.current_champions FOR EACH ROW EXECUTE FUNCTION gatehouse.require_next_generation();
CREATE TRIGGER forbid_delete BEFORE DELETE OR TRUNCATE ON gatehouse.current_champions FOR EACH STATEMENT EXECUTE FUNCTION gatehouse.refuse();
