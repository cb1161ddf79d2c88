-- +goose Up
CREATE INDEX consent_request_actor ON consent_request (actor, asked);

-- +goose Down
DROP INDEX consent_request_actor;
