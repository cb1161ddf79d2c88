-- +goose Up
CREATE TABLE keys_keyset (
    owner   TEXT   NOT NULL,
    purpose TEXT   NOT NULL,
    kind    TEXT   NOT NULL,
    version BIGINT NOT NULL,
    wrapped BLOB   NOT NULL,
    created BIGINT NOT NULL,
    rotated BIGINT NOT NULL,
    PRIMARY KEY (owner, purpose)
);

-- +goose Down
DROP TABLE keys_keyset;
