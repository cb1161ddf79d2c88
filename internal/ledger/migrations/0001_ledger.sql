-- +goose Up
CREATE TABLE ledger_record (
    id          TEXT   NOT NULL PRIMARY KEY,
    time        BIGINT NOT NULL,
    kind        TEXT   NOT NULL,
    authority   TEXT   NOT NULL,
    case_id     TEXT   NOT NULL,
    subject     TEXT   NOT NULL,
    subject_seq BIGINT NOT NULL,
    delete_on   TEXT   NOT NULL,
    leaf        BLOB   NOT NULL,
    salt        BLOB   NOT NULL,
    mark        BLOB   NOT NULL,
    body        BLOB   NOT NULL,
    epoch       BIGINT NOT NULL DEFAULT 0,
    position    BIGINT
);
CREATE UNIQUE INDEX ledger_record_subject ON ledger_record (subject, subject_seq) WHERE subject <> '';
CREATE UNIQUE INDEX ledger_record_position ON ledger_record (epoch, position) WHERE position IS NOT NULL;
CREATE INDEX ledger_record_waiting ON ledger_record (subject_seq, time) WHERE position IS NULL;
CREATE INDEX ledger_record_due ON ledger_record (delete_on) WHERE delete_on <> '';

CREATE TABLE ledger_tile (
    epoch  BIGINT NOT NULL,
    level  BIGINT NOT NULL,
    number BIGINT NOT NULL,
    data   BLOB   NOT NULL,
    PRIMARY KEY (epoch, level, number)
);

CREATE TABLE ledger_head (
    one        BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    epoch      BIGINT NOT NULL,
    size       BIGINT NOT NULL,
    root       BLOB   NOT NULL,
    checkpoint TEXT   NOT NULL
);

CREATE TABLE ledger_epoch (
    epoch      BIGINT NOT NULL PRIMARY KEY,
    size       BIGINT NOT NULL,
    root       BLOB   NOT NULL,
    checkpoint TEXT   NOT NULL
);

-- +goose Down
DROP TABLE ledger_epoch;
DROP TABLE ledger_head;
DROP TABLE ledger_tile;
DROP TABLE ledger_record;
