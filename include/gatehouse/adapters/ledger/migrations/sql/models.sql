-- Registered versions, the gate's decisions, and the responses of reviewers.

CREATE TABLE gatehouse.model_versions (
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
    audit_seq     bigint NOT NULL UNIQUE REFERENCES gatehouse.audit_log,
    PRIMARY KEY (use_case, version),
    UNIQUE (use_case, version, sha256),
    FOREIGN KEY (request, candidate) REFERENCES gatehouse.candidates (request, name),
    FOREIGN KEY (request, training_set) REFERENCES gatehouse.training_sets (request, sha256)
);
CALL gatehouse.append_only('model_versions');

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
    generation    integer NOT NULL CHECK (generation >= 0),
    audit_seq     bigint NOT NULL UNIQUE REFERENCES gatehouse.audit_log,
    FOREIGN KEY (use_case, version) REFERENCES gatehouse.model_versions,
    FOREIGN KEY (use_case, champion) REFERENCES gatehouse.model_versions
);
CALL gatehouse.append_only('decisions');

CREATE TABLE gatehouse.review_responses (
    decision  text PRIMARY KEY REFERENCES gatehouse.decisions,
    approved  boolean NOT NULL,
    actor     text NOT NULL CHECK (btrim(actor) <> ''),
    reason    text NOT NULL CHECK (btrim(reason) <> ''),
    audit_seq bigint NOT NULL UNIQUE REFERENCES gatehouse.audit_log,
    CONSTRAINT nobody_approves_nothing CHECK (NOT (approved AND actor = 'nobody'))
);
CALL gatehouse.append_only('review_responses');

-- The report of a decision as it was first written, beside its evidence.
CREATE TABLE gatehouse.decision_reports (
    decision  text PRIMARY KEY REFERENCES gatehouse.decisions,
    report    text NOT NULL REFERENCES gatehouse.files,
    audit_seq bigint NOT NULL UNIQUE REFERENCES gatehouse.audit_log
);
CALL gatehouse.append_only('decision_reports');
