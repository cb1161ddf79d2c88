-- +goose Up
CREATE TABLE procedure_opened (
    case_id TEXT NOT NULL,
    staff   TEXT NOT NULL,
    day     TEXT NOT NULL,
    PRIMARY KEY (case_id, staff, day)
);
-- +goose Down
DROP TABLE procedure_opened;
