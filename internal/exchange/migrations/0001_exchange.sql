-- +goose Up
CREATE TABLE exchange_answer (
    holder    TEXT NOT NULL,
    answer_id TEXT NOT NULL,
    reader    TEXT NOT NULL,
    subject   TEXT NOT NULL,
    actor     TEXT NOT NULL,
    mandate   TEXT NOT NULL,
    case_id   TEXT NOT NULL,
    grant_id  TEXT NOT NULL,
    record_id TEXT NOT NULL,
    leaf      BLOB NOT NULL,
    recorded  BIGINT NOT NULL,
    payload   TEXT NOT NULL,
    PRIMARY KEY (holder, answer_id)
);
CREATE TABLE exchange_received (
    reader    TEXT NOT NULL,
    answer_id TEXT NOT NULL,
    holder    TEXT NOT NULL,
    case_id   TEXT NOT NULL,
    statement TEXT NOT NULL,
    receipt   TEXT NOT NULL,
    received  BIGINT NOT NULL,
    PRIMARY KEY (reader, answer_id)
);
CREATE TABLE exchange_notice (
    sender       TEXT NOT NULL,
    notice_id    TEXT NOT NULL,
    recipient    TEXT NOT NULL,
    register     TEXT NOT NULL,
    subject      TEXT NOT NULL,
    actor        TEXT NOT NULL,
    mandate      TEXT NOT NULL,
    case_id      TEXT NOT NULL,
    place        BIGINT NOT NULL,
    name         TEXT NOT NULL,
    unit         TEXT NOT NULL,
    law          TEXT NOT NULL,
    example      BOOLEAN NOT NULL,
    purpose      TEXT NOT NULL,
    reason       TEXT NOT NULL,
    fields       TEXT NOT NULL,
    sheets       TEXT NOT NULL,
    body         BLOB NOT NULL,
    body_hash    TEXT NOT NULL,
    sent         BIGINT NOT NULL,
    due          BIGINT NOT NULL,
    answer_due   BIGINT NOT NULL,
    statement    TEXT NOT NULL,
    acknowledged BIGINT NOT NULL,
    ack          TEXT NOT NULL,
    answered     BIGINT NOT NULL,
    answer       BLOB NOT NULL,
    PRIMARY KEY (sender, notice_id)
);
CREATE INDEX exchange_notice_case ON exchange_notice (case_id, sent, place);
CREATE INDEX exchange_notice_open ON exchange_notice (sender, due) WHERE acknowledged = 0;
CREATE TABLE exchange_inbox (
    recipient  TEXT NOT NULL,
    notice_id  TEXT NOT NULL,
    sender     TEXT NOT NULL,
    register   TEXT NOT NULL,
    subject    TEXT NOT NULL,
    case_id    TEXT NOT NULL,
    name       TEXT NOT NULL,
    law        TEXT NOT NULL,
    purpose    TEXT NOT NULL,
    fields     TEXT NOT NULL,
    sheets     TEXT NOT NULL,
    body       BLOB NOT NULL,
    body_hash  TEXT NOT NULL,
    statement  TEXT NOT NULL,
    received   BIGINT NOT NULL,
    answer_due BIGINT NOT NULL,
    ack        TEXT NOT NULL,
    answer     BLOB NOT NULL,
    PRIMARY KEY (recipient, notice_id)
);
CREATE TABLE exchange_outage (
    authority TEXT NOT NULL PRIMARY KEY,
    since     BIGINT NOT NULL
);

-- +goose Down
DROP TABLE exchange_outage;
DROP TABLE exchange_inbox;
DROP TABLE exchange_notice;
DROP TABLE exchange_received;
DROP TABLE exchange_answer;
