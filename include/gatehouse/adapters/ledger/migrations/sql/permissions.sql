-- What only an approver may do, by the policy that is on record (gatehouse/core/permissions.py has the whole table).

-- The policy in force for a use case: that of its newest decision, or a later change of gate.yaml that maintenance recorded.
-- NULL while neither is on record.
CREATE FUNCTION gatehouse.policy_in_force(wanted text) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT policy FROM (
        (SELECT audit_seq AS seq, policy_text::jsonb AS policy FROM gatehouse.decisions
            WHERE use_case = wanted ORDER BY audit_seq DESC LIMIT 1)
        UNION ALL
        (SELECT seq, body::jsonb AS policy FROM gatehouse.audit_log
            WHERE subject = wanted AND kind = 'policy.changed' ORDER BY seq DESC LIMIT 1)) known
    ORDER BY seq DESC LIMIT 1
$$;

CREATE FUNCTION gatehouse.require_approver(wanted text, person text, act text) RETURNS void LANGUAGE plpgsql STABLE AS $$
DECLARE
    policy jsonb := gatehouse.policy_in_force(wanted);
    approvers jsonb := coalesce(policy #> '{review,approvers}', '[]');
BEGIN
    IF policy IS NOT NULL AND NOT approvers ? person THEN
        RAISE EXCEPTION '% may not % of %: the policy on record names % (a changed gate.yaml counts from the next maintenance on)',
            person, act, wanted, approvers;
    END IF;
END $$;

-- Who alone asked for the training of a version; NULL when a batch or a second person asked as well.
CREATE FUNCTION gatehouse.sole_requester(wanted text, number integer) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN count(*) = count(*) FILTER (WHERE reason ->> 'kind' = 'person')
                 AND count(DISTINCT reason #>> '{numbers,actor}') = 1 THEN min(reason #>> '{numbers,actor}') END
    FROM gatehouse.model_versions m
    JOIN LATERAL (SELECT reasons FROM gatehouse.retrain_requests WHERE id = m.request
        UNION ALL SELECT reasons FROM gatehouse.request_events WHERE request = m.request AND event = 'joined') said ON true,
    jsonb_array_elements(said.reasons::jsonb) reason
    WHERE (m.use_case, m.version) = (wanted, number)
$$;

CREATE FUNCTION gatehouse.require_four_eyes(wanted text, number integer, person text) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF coalesce((gatehouse.policy_in_force(wanted) ->> 'four_eyes')::boolean, false)
       AND person = gatehouse.sole_requester(wanted, number) THEN
        RAISE EXCEPTION '% alone asked for the training of version % of %: another approver has to promote it', person, number, wanted;
    END IF;
END $$;

CREATE FUNCTION gatehouse.check_response() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    asked gatehouse.decisions;
BEGIN
    SELECT * INTO asked FROM gatehouse.decisions WHERE id = NEW.decision;
    IF NEW.approved OR NEW.actor <> 'nobody' THEN
        PERFORM gatehouse.require_approver(asked.use_case, NEW.actor, 'answer a review');
    END IF;
    IF NEW.approved THEN
        PERFORM gatehouse.require_four_eyes(asked.use_case, asked.version, NEW.actor);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER check_response BEFORE INSERT ON gatehouse.review_responses FOR EACH ROW EXECUTE FUNCTION gatehouse.check_response();

CREATE FUNCTION gatehouse.check_override() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM gatehouse.require_approver(NEW.use_case, NEW.actor, 'override a verdict');
    IF NOT NEW.second_person THEN
        IF (gatehouse.policy_in_force(NEW.use_case) #>> '{override,require_second_approver}')::boolean THEN
            RAISE EXCEPTION 'an override of % needs a second person, by the policy on record', NEW.use_case;
        END IF;
        PERFORM gatehouse.require_four_eyes(NEW.use_case, NEW.version, NEW.actor);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER check_override BEFORE INSERT ON gatehouse.overrides FOR EACH ROW EXECUTE FUNCTION gatehouse.check_override();

CREATE FUNCTION gatehouse.check_confirmation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM gatehouse.require_approver((SELECT use_case FROM gatehouse.overrides WHERE id = NEW.override), NEW.actor, 'confirm an override');
    RETURN NEW;
END $$;
CREATE TRIGGER check_confirmation BEFORE INSERT ON gatehouse.override_confirmations FOR EACH ROW EXECUTE FUNCTION gatehouse.check_confirmation();

CREATE FUNCTION gatehouse.check_rollback() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM gatehouse.require_approver(NEW.use_case, NEW.actor, 'roll back the champion');
    RETURN NEW;
END $$;
CREATE TRIGGER check_rollback BEFORE INSERT ON gatehouse.champion_changes FOR EACH ROW
    WHEN (NEW.kind = 'rollback') EXECUTE FUNCTION gatehouse.check_rollback();

-- A batch is released by an approver, or by a check that found that it keeps its contract now.
CREATE FUNCTION gatehouse.check_settled_batch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.event = 'discarded' OR NOT EXISTS (SELECT FROM gatehouse.revalidations
            WHERE (use_case, key, revision, state, verdict, actor)
                = (NEW.use_case, NEW.key, NEW.revision, 'quarantined', 'accepted', NEW.actor)) THEN
        PERFORM gatehouse.require_approver(NEW.use_case, NEW.actor, 'release or discard a batch');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER check_settled_batch BEFORE INSERT ON gatehouse.batch_events FOR EACH ROW
    WHEN (NEW.event IN ('released', 'discarded')) EXECUTE FUNCTION gatehouse.check_settled_batch();

-- Entries without a row of their own that say who may act, or act: not for a role that takes no answers from people.
CREATE FUNCTION gatehouse.check_act_without_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT has_table_privilege('gatehouse.review_responses', 'INSERT') THEN
        RAISE EXCEPTION 'the role % may not write %: it takes no answers from people', current_user, NEW.kind;
    END IF;
    IF NEW.kind = 'level.accepted' THEN
        PERFORM gatehouse.require_approver(NEW.subject, NEW.actor, 'accept a level');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER check_act_without_row BEFORE INSERT ON gatehouse.audit_log FOR EACH ROW
    WHEN (NEW.kind IN ('level.accepted', 'policy.changed')) EXECUTE FUNCTION gatehouse.check_act_without_row();
