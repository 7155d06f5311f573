-- What the champion said about a batch, and what watching it found.

CREATE TABLE gatehouse.predictions (
    use_case text NOT NULL,
    key      text NOT NULL,
    revision integer NOT NULL,
    version  integer NOT NULL,
    sha256   text NOT NULL,
    epoch    integer NOT NULL,
    file     text NOT NULL REFERENCES gatehouse.files,
    entry    bigint NOT NULL UNIQUE REFERENCES gatehouse.journal,
    PRIMARY KEY (use_case, key, revision),
    FOREIGN KEY (use_case, key, revision) REFERENCES gatehouse.batches,
    FOREIGN KEY (use_case, version, sha256) REFERENCES gatehouse.models (use_case, version, sha256),
    FOREIGN KEY (use_case, epoch, version) REFERENCES gatehouse.promotions (use_case, epoch, version)
);
CALL gatehouse.append_only('predictions');

CREATE TABLE gatehouse.watches (
    use_case text NOT NULL,
    key      text NOT NULL,
    revision integer NOT NULL,
    as_of    timestamptz NOT NULL,
    body     text NOT NULL CHECK (body IS JSON OBJECT),
    reasons  text NOT NULL CHECK (reasons IS JSON ARRAY),
    policy   text NOT NULL CHECK (policy IS JSON OBJECT),
    entry    bigint NOT NULL UNIQUE REFERENCES gatehouse.journal,
    PRIMARY KEY (use_case, key, revision),
    FOREIGN KEY (use_case, key, revision) REFERENCES gatehouse.batches
);
CALL gatehouse.append_only('watches');
