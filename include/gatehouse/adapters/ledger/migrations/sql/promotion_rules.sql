-- What may make a version the champion.

-- The champion that a decision or an approval last made one, before `generation`: where an expired override returns to.
CREATE FUNCTION gatehouse.last_gated_champion(wanted text, before integer) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT version FROM gatehouse.champion_changes p
    WHERE p.use_case = wanted AND p.generation < before AND EXISTS (SELECT FROM gatehouse.champion_changes q
        WHERE (q.use_case, q.version) = (p.use_case, p.version) AND q.kind IN ('decision', 'approval') AND q.generation <= p.generation)
    ORDER BY generation DESC LIMIT 1
$$;

-- Whether a promotion rests on what it names (invariant I2); `gatehouse audit verify` asks the same of every row.
CREATE FUNCTION gatehouse.promotion_is_justified(p gatehouse.champion_changes) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT CASE p.kind
        WHEN 'decision' THEN EXISTS (SELECT FROM gatehouse.decisions d
            WHERE (d.id, d.use_case, d.version, d.verdict, d.generation) = (p.decision, p.use_case, p.version, 'PROMOTE', p.generation - 1))
        WHEN 'approval' THEN EXISTS (SELECT FROM gatehouse.decisions d JOIN gatehouse.review_responses a ON a.decision = d.id AND a.approved
            WHERE (d.id, d.use_case, d.version, d.verdict, d.generation) = (p.decision, p.use_case, p.version, 'REVIEW', p.generation - 1))
        WHEN 'rollback' THEN btrim(p.actor) <> '' AND btrim(p.reason) <> '' AND EXISTS (SELECT FROM gatehouse.champion_changes earlier
            WHERE (earlier.use_case, earlier.version) = (p.use_case, p.version) AND earlier.generation < p.generation)
        WHEN 'override' THEN btrim(p.actor) <> '' AND btrim(p.reason) <> '' AND EXISTS (SELECT FROM gatehouse.overrides o
                WHERE (o.id, o.use_case, o.version, o.generation, o.decision) = (p.override, p.use_case, p.version, p.generation - 1, p.decision)
                AND (NOT o.second_person OR EXISTS (SELECT FROM gatehouse.override_confirmations c WHERE c.override = o.id)))
        WHEN 'expiry' THEN p.version = gatehouse.last_gated_champion(p.use_case, p.generation - 1) AND EXISTS (
            SELECT FROM gatehouse.champion_changes last JOIN gatehouse.overrides o ON o.id = last.override, gatehouse.audit_log j
            WHERE (last.use_case, last.generation, last.kind) = (p.use_case, p.generation - 1, 'override') AND j.seq = p.audit_seq AND o.expires <= j.at)
        WHEN 'probation' THEN EXISTS (SELECT FROM gatehouse.probations b
            WHERE (b.use_case, b.generation, b.former, b.verdict) = (p.use_case, p.generation - 1, p.version, 'worse'))
        ELSE false
    END
$$;

CREATE FUNCTION gatehouse.require_justification() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT gatehouse.promotion_is_justified(NEW) THEN
        RAISE EXCEPTION 'version % of % cannot become the champion of generation %: nothing allows this %; allowed are a PROMOTE '
            'or an approved REVIEW on this very version and generation, a named override (confirmed by a second person where the '
            'policy wants one), the return from one that has expired, a lost probation, a rollback to an earlier champion',
            NEW.version, NEW.use_case, NEW.generation, NEW.kind;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER promotion_is_justified BEFORE INSERT ON gatehouse.champion_changes FOR EACH ROW EXECUTE FUNCTION gatehouse.require_justification();
