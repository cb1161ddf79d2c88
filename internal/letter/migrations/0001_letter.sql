-- +goose Up
-- A sealed letter: three files, never changed.
CREATE TABLE letter_letter (
	authority_id TEXT NOT NULL,
	id           TEXT NOT NULL,
	kind         TEXT NOT NULL,
	issued       BIGINT NOT NULL,
	html         BLOB NOT NULL,
	data         BLOB NOT NULL,
	sig          BLOB NOT NULL,
	PRIMARY KEY (authority_id, id)
);

-- +goose Down
DROP TABLE letter_letter;
