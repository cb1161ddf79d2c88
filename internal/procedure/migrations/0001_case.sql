-- +goose Up
CREATE TABLE procedure_case (
    authority_id TEXT NOT NULL,
    id           TEXT NOT NULL UNIQUE,
    number       TEXT NOT NULL,
    service      TEXT NOT NULL,
    edition      TEXT NOT NULL,
    subject      TEXT NOT NULL,
    account      TEXT NOT NULL,
    mandate      TEXT NOT NULL,
    channel      TEXT NOT NULL,
    stage        TEXT NOT NULL,
    status       TEXT NOT NULL,
    wait         TEXT NOT NULL,
    reason       TEXT NOT NULL,
    outcome      TEXT NOT NULL,
    decided_by   TEXT NOT NULL,
    created      BIGINT NOT NULL,
    received     BIGINT NOT NULL,
    decided      BIGINT NOT NULL,
    closed       BIGINT NOT NULL,
    due          BIGINT NOT NULL,
    version      BIGINT NOT NULL,
    state        BLOB NOT NULL,
    PRIMARY KEY (authority_id, id)
);
CREATE INDEX procedure_case_account ON procedure_case (account, created, id);
CREATE INDEX procedure_case_subject ON procedure_case (subject, service, closed);
CREATE INDEX procedure_case_desk ON procedure_case (authority_id, status, due, id);
CREATE TABLE procedure_event (
    case_id TEXT NOT NULL,
    seq     BIGINT NOT NULL,
    at      BIGINT NOT NULL,
    kind    TEXT NOT NULL,
    stage   TEXT NOT NULL,
    who     TEXT NOT NULL,
    unit    TEXT NOT NULL,
    data    BLOB NOT NULL,
    PRIMARY KEY (case_id, seq)
);
-- +goose Down
DROP TABLE procedure_event;
DROP TABLE procedure_case;
