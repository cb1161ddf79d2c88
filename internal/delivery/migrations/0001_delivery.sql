-- +goose Up
CREATE TABLE delivery_message (
	account      TEXT NOT NULL,
	id           TEXT NOT NULL,
	dedup        TEXT NOT NULL,
	subject      TEXT NOT NULL,
	actor        TEXT NOT NULL,
	mandate      TEXT NOT NULL,
	authority_id TEXT NOT NULL,
	unit         TEXT NOT NULL,
	case_id      TEXT NOT NULL,
	kind         TEXT NOT NULL,
	title        TEXT NOT NULL,
	brief        TEXT NOT NULL,
	actions      TEXT NOT NULL,
	letters      TEXT NOT NULL,
	due          TEXT NOT NULL,
	due_text     TEXT NOT NULL,
	created      BIGINT NOT NULL,
	read_at      BIGINT NOT NULL,
	PRIMARY KEY (account, id),
	UNIQUE (account, dedup)
);
CREATE INDEX delivery_message_newest ON delivery_message (account, created, id);
CREATE INDEX delivery_message_unread ON delivery_message (account) WHERE read_at = 0;
CREATE INDEX delivery_message_subject ON delivery_message (subject);

-- Which sealed letters an account holds: the only way to one.
CREATE TABLE delivery_letter (
	account      TEXT NOT NULL,
	letter       TEXT NOT NULL,
	authority_id TEXT NOT NULL,
	message      TEXT NOT NULL,
	PRIMARY KEY (account, letter)
);

-- Where the person wants to be told that something waits.
CREATE TABLE delivery_address (
	account TEXT NOT NULL PRIMARY KEY,
	mail    TEXT NOT NULL,
	lang    TEXT NOT NULL,
	since   BIGINT NOT NULL
);

-- What goes out by letter post.
CREATE TABLE delivery_post (
	authority_id TEXT NOT NULL,
	id           TEXT NOT NULL,
	dedup        TEXT NOT NULL,
	unit         TEXT NOT NULL,
	case_id      TEXT NOT NULL,
	receiver     TEXT NOT NULL,
	address      TEXT NOT NULL,
	title        TEXT NOT NULL,
	body         TEXT NOT NULL,
	law          TEXT NOT NULL,
	created      BIGINT NOT NULL,
	PRIMARY KEY (authority_id, id),
	UNIQUE (authority_id, dedup)
);
CREATE INDEX delivery_post_newest ON delivery_post (created);

-- +goose Down
DROP TABLE delivery_post;
DROP TABLE delivery_address;
DROP TABLE delivery_letter;
DROP TABLE delivery_message;
