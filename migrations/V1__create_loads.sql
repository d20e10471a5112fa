-- The ledger of loads: one row for every load file whose rows are in the database, written in the
-- same transaction as those rows. S3 delivers an event at least once; the unique key is what makes
-- a second delivery change nothing.
CREATE TABLE loads (
    id             BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    bucket         VARCHAR(63) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    -- The key's UTF-8 bytes, decoded: 1024 of them at most, compared byte by byte as S3 does.
    object_key     VARBINARY(1024) NOT NULL,
    -- The event's identity; for a file loaded from the command line, a digest of it.
    sequencer      VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    etag           VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    source_version VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    rows_read      BIGINT UNSIGNED NOT NULL,
    rows_stored    BIGINT UNSIGNED NOT NULL,
    loaded_at      TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    UNIQUE KEY loads_event (bucket, object_key, sequencer)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
