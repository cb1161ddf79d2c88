-- +goose Up
-- One row says that this database was created for a demonstration.
CREATE TABLE demo_mark (
    name   TEXT   NOT NULL PRIMARY KEY,
    marked BIGINT NOT NULL
);

-- What the eID simulator asserted and nobody has fetched yet. handle is the SHA-256 of what the browser carries.
CREATE TABLE demo_eid (
    handle    TEXT   NOT NULL PRIMARY KEY,
    state     TEXT   NOT NULL,
    family    TEXT   NOT NULL,
    given     TEXT   NOT NULL,
    birth     TEXT   NOT NULL,
    address   TEXT   NOT NULL,
    pseudonym TEXT   NOT NULL,
    ends      BIGINT NOT NULL
);

-- +goose Down
DROP TABLE demo_eid;
DROP TABLE demo_mark;
