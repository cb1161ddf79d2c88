-- +goose Up
-- Portals that may hand people over to us. A closed one stays, so that its name can be told.
CREATE TABLE lifeevent_portal (
    portal     TEXT    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL,
    public_key BLOB    NOT NULL,
    active     BOOLEAN NOT NULL,
    changed    BIGINT  NOT NULL
);

-- What portals handed over. handle is the SHA-256 of what the browser carries, body is sealed and empty after use.
CREATE TABLE lifeevent_referral (
    portal   TEXT   NOT NULL,
    jti      TEXT   NOT NULL,
    handle   TEXT   NOT NULL UNIQUE,
    body     BLOB   NOT NULL,
    received BIGINT NOT NULL,
    ends     BIGINT NOT NULL,
    used_at  BIGINT NOT NULL,
    case_id  TEXT   NOT NULL,
    PRIMARY KEY (portal, jti)
);
CREATE INDEX lifeevent_referral_ends ON lifeevent_referral (ends);

-- +goose Down
DROP TABLE lifeevent_referral;
DROP TABLE lifeevent_portal;
