-- What the champion said about a batch, and what monitoring found.

CREATE TABLE gatehouse.predictions (
    use_case   text NOT NULL,
    key        text NOT NULL,
    revision   integer NOT NULL,
    version    integer NOT NULL,
    sha256     text NOT NULL,
    generation integer NOT NULL,
    file       text NOT NULL REFERENCES gatehouse.files,
    audit_seq  bigint NOT NULL UNIQUE REFERENCES gatehouse.audit_log,
    PRIMARY KEY (use_case, key, revision),
    FOREIGN KEY (use_case, key, revision) REFERENCES gatehouse.batches,
    FOREIGN KEY (use_case, version, sha256) REFERENCES gatehouse.model_versions (use_case, version, sha256),
    FOREIGN KEY (use_case, generation, version) REFERENCES gatehouse.champion_changes (use_case, generation, version)
);
CALL gatehouse.append_only('predictions');

CREATE TABLE gatehouse.monitoring_reports (
    use_case  text NOT NULL,
    key       text NOT NULL,
    revision  integer NOT NULL,
    as_of     timestamptz NOT NULL,
    body      text NOT NULL CHECK (body IS JSON OBJECT),
    reasons   text NOT NULL CHECK (reasons IS JSON ARRAY),
    policy    text NOT NULL CHECK (policy IS JSON OBJECT),
    audit_seq bigint NOT NULL UNIQUE REFERENCES gatehouse.audit_log,
    PRIMARY KEY (use_case, key, revision),
    FOREIGN KEY (use_case, key, revision) REFERENCES gatehouse.batches
);
CALL gatehouse.append_only('monitoring_reports');

CREATE TABLE gatehouse.shadow_predictions (
    use_case   text NOT NULL,
    key        text NOT NULL,
    revision   integer NOT NULL,
    version    integer NOT NULL, -- the former champion, which only shadows the one of `generation`
    sha256     text NOT NULL,
    generation integer NOT NULL,
    file       text NOT NULL REFERENCES gatehouse.files,
    audit_seq  bigint NOT NULL UNIQUE REFERENCES gatehouse.audit_log,
    PRIMARY KEY (use_case, key, revision),
    FOREIGN KEY (use_case, key, revision) REFERENCES gatehouse.predictions,
    FOREIGN KEY (use_case, version, sha256) REFERENCES gatehouse.model_versions (use_case, version, sha256),
    FOREIGN KEY (use_case, generation) REFERENCES gatehouse.champion_changes
);
CALL gatehouse.append_only('shadow_predictions');

CREATE TABLE gatehouse.probations (
    use_case   text NOT NULL,
    generation integer NOT NULL,
    key        text NOT NULL, -- the newest batch that was compared
    former     integer NOT NULL,
    verdict    text NOT NULL CHECK (verdict IN ('open', 'worse', 'passed')),
    sentence   text NOT NULL,
    result     text NOT NULL CHECK (result IS JSON OBJECT),
    audit_seq  bigint NOT NULL UNIQUE REFERENCES gatehouse.audit_log,
    PRIMARY KEY (use_case, generation, key),
    FOREIGN KEY (use_case, generation) REFERENCES gatehouse.champion_changes,
    FOREIGN KEY (use_case, former) REFERENCES gatehouse.model_versions
);
CALL gatehouse.append_only('probations');
