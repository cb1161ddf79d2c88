-- +goose Up
CREATE INDEX procedure_case_closed ON procedure_case (authority_id, closed, id) WHERE closed > 0;
CREATE INDEX procedure_case_number ON procedure_case (authority_id, number);
CREATE INDEX procedure_case_tally ON procedure_case (authority_id, service, status, due);
-- +goose Down
DROP INDEX procedure_case_tally;
DROP INDEX procedure_case_number;
DROP INDEX procedure_case_closed;
