-- One row for each zip code: the newest version of it that was ever loaded.
CREATE TABLE zip_codes (
    zipcode        CHAR(5) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    zipcode_type   VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    -- The rules set no limit to a city's or a location's length, so neither does the table.
    city           MEDIUMTEXT NOT NULL,
    state          CHAR(2) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    location_type  VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    latitude       DECIMAL(5, 2) NOT NULL,
    longitude      DECIMAL(5, 2) NOT NULL,
    location       MEDIUMTEXT NOT NULL,
    decommissioned BOOLEAN NOT NULL,
    -- Orders the versions of a row bytewise: a row is replaced only by one that is not older.
    -- Rows that came with the schema are older than any file.
    source_version VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
    -- The load that wrote the row; none for rows that came with the schema.
    load_id        BIGINT UNSIGNED NULL,
    -- For the search within a radius.
    KEY zip_codes_position (latitude, longitude),
    CONSTRAINT zip_codes_load FOREIGN KEY (load_id) REFERENCES loads (id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
