-- +goose Up
CREATE TABLE register_person (
    subject TEXT NOT NULL PRIMARY KEY,
    root    BLOB NOT NULL
);
CREATE TABLE register_area (
    area_id TEXT NOT NULL PRIMARY KEY,
    subject BLOB NOT NULL
);
CREATE TABLE register_pointer (
    index_id     TEXT NOT NULL,
    evidence     TEXT NOT NULL,
    authority_id TEXT NOT NULL,
    PRIMARY KEY (index_id, evidence, authority_id)
);
CREATE TABLE register_record (
    authority_id TEXT NOT NULL,
    register     TEXT NOT NULL,
    area_id      TEXT NOT NULL,
    family       TEXT NOT NULL,
    given        TEXT NOT NULL,
    birth        TEXT NOT NULL,
    moved_out    TEXT NOT NULL,
    version      BIGINT NOT NULL,
    changed      BIGINT NOT NULL,
    data         TEXT NOT NULL,
    sealed       BLOB NOT NULL,
    PRIMARY KEY (authority_id, register, area_id)
);
CREATE INDEX register_record_name ON register_record (register, birth, family, given);
CREATE INDEX register_record_birth ON register_record (authority_id, register, birth);
CREATE TABLE register_link (
    authority_id TEXT NOT NULL,
    register     TEXT NOT NULL,
    area_id      TEXT NOT NULL,
    kin          TEXT NOT NULL,
    position     BIGINT NOT NULL,
    other_id     TEXT NOT NULL,
    family       TEXT NOT NULL,
    given        TEXT NOT NULL,
    birth        TEXT NOT NULL,
    data         TEXT NOT NULL,
    PRIMARY KEY (authority_id, register, area_id, kin, position)
);
CREATE INDEX register_link_waiting ON register_link (authority_id, register, birth, other_id);
CREATE TABLE register_change (
    authority_id TEXT NOT NULL,
    register     TEXT NOT NULL,
    case_id      TEXT NOT NULL,
    what         TEXT NOT NULL,
    position     BIGINT NOT NULL,
    area_id      TEXT NOT NULL,
    version      BIGINT NOT NULL,
    differing    TEXT NOT NULL,
    PRIMARY KEY (authority_id, register, case_id, what, position)
);
CREATE TABLE register_entitlement (
    authority_id TEXT NOT NULL,
    register     TEXT NOT NULL,
    evidence     TEXT NOT NULL,
    reader       TEXT NOT NULL,
    fields       TEXT NOT NULL,
    law          TEXT NOT NULL,
    valid_until  TEXT NOT NULL,
    PRIMARY KEY (authority_id, register, evidence, reader)
);
CREATE TABLE register_landlord (
    authority_id TEXT NOT NULL,
    mark         TEXT NOT NULL,
    source       TEXT NOT NULL,
    provider     TEXT NOT NULL,
    owner        TEXT NOT NULL,
    moved_in     TEXT NOT NULL,
    home         TEXT NOT NULL,
    people       TEXT NOT NULL,
    case_id      TEXT NOT NULL,
    open         BOOLEAN NOT NULL,
    tries        BIGINT NOT NULL,
    made         BIGINT NOT NULL,
    PRIMARY KEY (authority_id, mark)
);
CREATE INDEX register_landlord_case ON register_landlord (authority_id, case_id);

-- +goose Down
DROP TABLE register_landlord;
DROP TABLE register_entitlement;
DROP TABLE register_change;
DROP TABLE register_link;
DROP TABLE register_record;
DROP TABLE register_pointer;
DROP TABLE register_area;
DROP TABLE register_person;
