-- +goose Up
CREATE TABLE job_job (
    id           TEXT PRIMARY KEY,
    kind         TEXT NOT NULL,
    authority    TEXT NOT NULL,
    dedup        TEXT NOT NULL,
    payload      BLOB NOT NULL,
    due          BIGINT NOT NULL,
    leased_until BIGINT NOT NULL,
    token        BIGINT NOT NULL,
    attempt      BIGINT NOT NULL,
    state        TEXT NOT NULL,
    error        TEXT NOT NULL,
    changed      BIGINT NOT NULL,
    UNIQUE (kind, dedup)
);
CREATE INDEX job_ready ON job_job (due) WHERE state = 'ready';
CREATE INDEX job_dead ON job_job (changed) WHERE state = 'dead';
CREATE INDEX job_done ON job_job (changed) WHERE state = 'done';
-- +goose Down
DROP TABLE job_job;
