-- +goose Up
-- Beginning like the primary keys, these indexes looked as good as them to a PostgreSQL that had not counted its rows yet.
DROP INDEX register_record_birth;
CREATE INDEX register_record_birth ON register_record (birth, authority_id, register);
DROP INDEX register_link_waiting;
CREATE INDEX register_link_waiting ON register_link (birth, other_id, authority_id, register);

-- +goose Down
DROP INDEX register_link_waiting;
CREATE INDEX register_link_waiting ON register_link (authority_id, register, birth, other_id);
DROP INDEX register_record_birth;
CREATE INDEX register_record_birth ON register_record (authority_id, register, birth);
