-- +goose Up
-- token is the SHA-256 of the cookie; the cookie's value stands nowhere in the database.
CREATE TABLE web_session (
    token   BLOB    NOT NULL PRIMARY KEY,
    id      TEXT    NOT NULL UNIQUE,
    actor   TEXT    NOT NULL,
    level   INTEGER NOT NULL,
    created BIGINT  NOT NULL,
    seen    BIGINT  NOT NULL,
    ends    BIGINT  NOT NULL
);
CREATE INDEX web_session_actor ON web_session (actor);
CREATE INDEX web_session_ends ON web_session (ends);

-- +goose Down
DROP TABLE web_session;
