-- +goose Up
CREATE INDEX procedure_case_begun ON procedure_case (account, service, authority_id, channel) WHERE received = 0 AND closed = 0;
-- +goose Down
DROP INDEX procedure_case_begun;
