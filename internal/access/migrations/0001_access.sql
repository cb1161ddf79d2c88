-- +goose Up
-- left_on is the day from which the person no longer works here; empty while they do.
CREATE TABLE access_staff (
    authority_id TEXT   NOT NULL,
    id           TEXT   NOT NULL,
    unit         TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    roles        TEXT   NOT NULL,
    left_on      TEXT   NOT NULL,
    appointed    BIGINT NOT NULL,
    PRIMARY KEY (authority_id, id)
);
CREATE UNIQUE INDEX access_staff_id ON access_staff (id);

CREATE TABLE access_deputy (
    authority_id TEXT   NOT NULL,
    stands       TEXT   NOT NULL,
    absent       TEXT   NOT NULL,
    first_day    TEXT   NOT NULL,
    last_day     TEXT   NOT NULL,
    named        BIGINT NOT NULL,
    PRIMARY KEY (authority_id, stands, absent, first_day)
);

-- +goose Down
DROP TABLE access_deputy;
DROP TABLE access_staff;
