-- +goose Up
-- What a demonstration would have sent.
CREATE TABLE mail_outbox (
	id       TEXT NOT NULL PRIMARY KEY,
	receiver TEXT NOT NULL,
	subject  TEXT NOT NULL,
	body     TEXT NOT NULL,
	sent     BIGINT NOT NULL
);
CREATE INDEX mail_outbox_sent ON mail_outbox (sent);

-- +goose Down
DROP TABLE mail_outbox;
