-- +goose Up
CREATE TABLE authority (
    authority_id TEXT NOT NULL PRIMARY KEY,
    name         TEXT NOT NULL,
    short        TEXT NOT NULL,
    kind         TEXT NOT NULL,
    state        TEXT NOT NULL,
    address      TEXT NOT NULL,
    contact      TEXT NOT NULL,
    opened       BIGINT NOT NULL
);
CREATE TABLE authority_unit (
    authority_id TEXT NOT NULL,
    unit         TEXT NOT NULL,
    name         TEXT NOT NULL,
    position     BIGINT NOT NULL,
    PRIMARY KEY (authority_id, unit)
);
CREATE TABLE authority_duty (
    authority_id TEXT NOT NULL,
    duty         TEXT NOT NULL,
    unit         TEXT NOT NULL,
    PRIMARY KEY (authority_id, duty)
);
CREATE TABLE authority_competence (
    register    TEXT NOT NULL,
    area     TEXT NOT NULL,
    responsible TEXT NOT NULL,
    PRIMARY KEY (register, area)
);
CREATE TABLE authority_address (
    postcode   TEXT NOT NULL,
    street_key TEXT NOT NULL,
    house_key  TEXT NOT NULL,
    town_key   TEXT NOT NULL,
    street     TEXT NOT NULL,
    house      TEXT NOT NULL,
    town       TEXT NOT NULL,
    area    TEXT NOT NULL,
    PRIMARY KEY (postcode, street_key, house_key, town_key)
);
CREATE INDEX authority_address_area ON authority_address (area);

-- +goose Down
DROP TABLE authority_address;
DROP TABLE authority_competence;
DROP TABLE authority_duty;
DROP TABLE authority_unit;
DROP TABLE authority;
