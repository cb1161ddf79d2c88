-- +goose Up
CREATE TABLE consent_request (
    subject    TEXT NOT NULL,
    request_id TEXT NOT NULL,
    actor      TEXT NOT NULL,
    mandate    TEXT NOT NULL,
    reader     TEXT NOT NULL,
    unit       TEXT NOT NULL,
    register   TEXT NOT NULL,
    holder     TEXT NOT NULL,
    evidence   TEXT NOT NULL,
    title      TEXT NOT NULL,
    purpose    TEXT NOT NULL,
    law        TEXT NOT NULL,
    basis      TEXT NOT NULL,
    case_id    TEXT NOT NULL,
    fields     TEXT NOT NULL,
    whole      BOOLEAN NOT NULL,
    asked      BIGINT NOT NULL,
    until      BIGINT NOT NULL,
    state      TEXT NOT NULL,
    changed    BIGINT NOT NULL,
    PRIMARY KEY (subject, request_id)
);
CREATE UNIQUE INDEX consent_request_id ON consent_request (request_id);
CREATE INDEX consent_request_case ON consent_request (case_id);
CREATE INDEX consent_request_page ON consent_request (subject, state, asked);
CREATE INDEX consent_request_open ON consent_request (until) WHERE state = 'open';
CREATE TABLE consent_grant (
    subject     TEXT NOT NULL,
    grant_id    TEXT NOT NULL,
    request_id  TEXT NOT NULL,
    case_id     TEXT NOT NULL,
    fields      TEXT NOT NULL,
    values_hash TEXT NOT NULL,
    granted     BIGINT NOT NULL,
    until       BIGINT NOT NULL,
    ended       BIGINT NOT NULL,
    ended_how   TEXT NOT NULL,
    statement   TEXT NOT NULL,
    PRIMARY KEY (subject, grant_id)
);
CREATE UNIQUE INDEX consent_grant_id ON consent_grant (grant_id);
CREATE UNIQUE INDEX consent_grant_request ON consent_grant (request_id);
CREATE INDEX consent_grant_case ON consent_grant (case_id);
CREATE INDEX consent_grant_page ON consent_grant (subject, granted);
CREATE INDEX consent_grant_open ON consent_grant (until) WHERE ended = 0;

-- +goose Down
DROP TABLE consent_grant;
DROP TABLE consent_request;
