-- +goose Up
ALTER TABLE register_entitlement ADD COLUMN hide_law TEXT NOT NULL DEFAULT '';
ALTER TABLE register_entitlement ADD COLUMN hide_days BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE register_entitlement DROP COLUMN hide_days;
ALTER TABLE register_entitlement DROP COLUMN hide_law;
