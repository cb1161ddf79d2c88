-- +goose Up
CREATE INDEX ledger_record_hidden ON ledger_record (time) WHERE kind = 'hidden';

-- +goose Down
DROP INDEX ledger_record_hidden;
