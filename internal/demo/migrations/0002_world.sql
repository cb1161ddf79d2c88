-- +goose Up
-- The made-up world is computed from a seed and the day on which it began; one row.
CREATE TABLE demo_world (
    name TEXT   NOT NULL PRIMARY KEY,
    seed BIGINT NOT NULL,
    day  TEXT   NOT NULL
);

-- +goose Down
DROP TABLE demo_world;
