-- +goose Up
CREATE TABLE identity_account (
    id     TEXT   NOT NULL PRIMARY KEY,
    opened BIGINT NOT NULL,
    seen   BIGINT NOT NULL
);

-- What the card asserted last; the pseudonym is how a person is known again.
CREATE TABLE identity_assertion (
    account   TEXT    NOT NULL PRIMARY KEY,
    pseudonym TEXT    NOT NULL UNIQUE,
    family    TEXT    NOT NULL,
    given     TEXT    NOT NULL,
    birth     TEXT    NOT NULL,
    address   TEXT    NOT NULL,
    level     INTEGER NOT NULL,
    asserted  BIGINT  NOT NULL
);

CREATE TABLE identity_passkey (
    id              TEXT    NOT NULL PRIMARY KEY,
    account         TEXT    NOT NULL,
    credential      BLOB    NOT NULL UNIQUE,
    public_key      BLOB    NOT NULL,
    aaguid          BLOB    NOT NULL,
    sign_count      BIGINT  NOT NULL,
    backup_eligible BOOLEAN NOT NULL,
    backup_state    BOOLEAN NOT NULL,
    transports      TEXT    NOT NULL,
    name            TEXT    NOT NULL,
    added           BIGINT  NOT NULL,
    used            BIGINT  NOT NULL
);
CREATE INDEX identity_passkey_account ON identity_passkey (account, added);

-- Challenges that were answered, until they would have ended anyway: none is answered twice.
CREATE TABLE identity_spent (
    challenge TEXT   NOT NULL PRIMARY KEY,
    until     BIGINT NOT NULL
);
CREATE INDEX identity_spent_until ON identity_spent (until);

-- Passkey logins tried in the hour that began then; key is a hash of account and source.
CREATE TABLE identity_attempt (
    key   TEXT    NOT NULL PRIMARY KEY,
    begun BIGINT  NOT NULL,
    tried INTEGER NOT NULL
);
CREATE INDEX identity_attempt_begun ON identity_attempt (begun);

-- +goose Down
DROP TABLE identity_attempt;
DROP TABLE identity_spent;
DROP TABLE identity_passkey;
DROP TABLE identity_assertion;
DROP TABLE identity_account;
