CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE channels (
    channel TEXT NOT NULL,
    not_before BIGINT NOT NULL,
    failures INTEGER NOT NULL,
    broken TEXT,
    broken_since BIGINT,
    CONSTRAINT pk_channels PRIMARY KEY (channel)
);
CREATE TABLE deliveries (
    id TEXT NOT NULL,
    route TEXT NOT NULL,
    channel TEXT NOT NULL,
    kind TEXT NOT NULL,
    guids TEXT NOT NULL,
    more INTEGER NOT NULL,
    state TEXT NOT NULL,
    created BIGINT NOT NULL,
    due BIGINT NOT NULL,
    message TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    lease_until BIGINT,
    misses INTEGER NOT NULL,
    message_ts TEXT,
    error TEXT,
    failing_since BIGINT,
    look_from BIGINT,
    unsure BOOLEAN NOT NULL,
    CONSTRAINT pk_deliveries PRIMARY KEY (id)
);
CREATE INDEX ix_deliveries_queue ON deliveries (channel, state, due, created);
CREATE INDEX ix_deliveries_recent ON deliveries (channel, created);
CREATE INDEX ix_deliveries_state ON deliveries (state, lease_until);
CREATE TABLE digest_slots (
    route TEXT NOT NULL,
    nominal TEXT NOT NULL,
    at BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    delivery TEXT,
    CONSTRAINT pk_digest_slots PRIMARY KEY (route, nominal)
);
CREATE TABLE dirty (
    topic TEXT NOT NULL,
    page INTEGER NOT NULL,
    CONSTRAINT pk_dirty PRIMARY KEY (topic, page)
);
CREATE TABLE entries (
    guid TEXT NOT NULL,
    source TEXT NOT NULL,
    path TEXT NOT NULL,
    digest BLOB NOT NULL,
    story TEXT NOT NULL,
    link TEXT NOT NULL,
    canonical_link TEXT NOT NULL,
    visibility TEXT NOT NULL,
    published BIGINT NOT NULL,
    expires BIGINT,
    updated BIGINT NOT NULL,
    seen BIGINT NOT NULL,
    withdrawn BIGINT,
    provider TEXT,
    quality FLOAT,
    article TEXT NOT NULL,
    topics TEXT NOT NULL,
    CONSTRAINT pk_entries PRIMARY KEY (guid)
);
CREATE INDEX ix_entries_canonical_link ON entries (canonical_link);
CREATE INDEX ix_entries_link ON entries (link);
CREATE INDEX ix_entries_source_digest ON entries (source, digest);
CREATE INDEX ix_entries_source_path ON entries (source, path);
CREATE INDEX ix_entries_story ON entries (story);
CREATE INDEX ix_entries_visibility_expires ON entries (visibility, expires);
CREATE INDEX ix_entries_visibility_published ON entries (visibility, published);
CREATE TABLE files (
    source TEXT NOT NULL,
    path TEXT NOT NULL,
    device BIGINT NOT NULL,
    inode BIGINT NOT NULL,
    size BIGINT NOT NULL,
    mtime_ns BIGINT NOT NULL,
    ctime_ns BIGINT NOT NULL,
    digest BLOB NOT NULL,
    guid TEXT,
    CONSTRAINT pk_files PRIMARY KEY (source, path)
);
CREATE TABLE ledger (
    channel TEXT NOT NULL,
    story TEXT NOT NULL,
    guid TEXT NOT NULL,
    route TEXT NOT NULL,
    kind TEXT NOT NULL,
    reason TEXT NOT NULL,
    at BIGINT NOT NULL,
    delivery TEXT,
    CONSTRAINT pk_ledger PRIMARY KEY (channel, story)
);
CREATE INDEX ix_ledger_delivery ON ledger (delivery);
CREATE INDEX ix_ledger_guid ON ledger (guid);
CREATE TABLE marks (
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    CONSTRAINT pk_marks PRIMARY KEY (name)
);
CREATE TABLE mutes (
    id INTEGER NOT NULL,
    route TEXT NOT NULL,
    since BIGINT NOT NULL,
    until BIGINT NOT NULL,
    why TEXT NOT NULL,
    lifted BIGINT,
    CONSTRAINT pk_mutes PRIMARY KEY (id)
);
CREATE INDEX ix_mutes_route ON mutes (route, until);
CREATE TABLE owed (
    channel TEXT NOT NULL,
    story TEXT NOT NULL,
    guid TEXT NOT NULL,
    route TEXT NOT NULL,
    reason TEXT NOT NULL,
    qualified BIGINT NOT NULL,
    suspect BOOLEAN NOT NULL,
    CONSTRAINT pk_owed PRIMARY KEY (channel, story)
);
CREATE INDEX ix_owed_route ON owed (route, qualified);
CREATE TABLE pings (
    topic TEXT NOT NULL,
    since BIGINT NOT NULL,
    due BIGINT NOT NULL,
    attempts INTEGER NOT NULL,
    CONSTRAINT pk_pings PRIMARY KEY (topic)
);
CREATE TABLE problems (
    source TEXT NOT NULL,
    path TEXT NOT NULL,
    kind TEXT NOT NULL,
    line INTEGER NOT NULL,
    "column" INTEGER NOT NULL,
    what TEXT NOT NULL,
    cure TEXT NOT NULL,
    since BIGINT NOT NULL,
    CONSTRAINT pk_problems PRIMARY KEY (source, path, kind)
);
CREATE TABLE routes (
    name TEXT NOT NULL,
    channel TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    began BIGINT NOT NULL,
    CONSTRAINT pk_routes PRIMARY KEY (name)
);
CREATE TABLE sources (
    name TEXT NOT NULL,
    reading TEXT NOT NULL,
    began BIGINT,
    CONSTRAINT pk_sources PRIMARY KEY (name)
);
CREATE TABLE standings (
    topic TEXT NOT NULL,
    guid TEXT NOT NULL,
    member BOOLEAN NOT NULL,
    shown BOOLEAN NOT NULL,
    number INTEGER,
    published BIGINT NOT NULL,
    quality FLOAT,
    CONSTRAINT pk_standings PRIMARY KEY (topic, guid)
);
CREATE INDEX ix_standings_guid ON standings (guid);
CREATE INDEX ix_standings_newest ON standings (topic, shown, published, guid);
CREATE UNIQUE INDEX ix_standings_number ON standings (topic, number);
CREATE TABLE topics (
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    parent TEXT,
    description TEXT NOT NULL,
    language TEXT,
    names TEXT NOT NULL,
    fate TEXT NOT NULL,
    moved_to TEXT,
    CONSTRAINT pk_topics PRIMARY KEY (slug)
);
CREATE TABLE attempts (
    id INTEGER NOT NULL,
    delivery TEXT NOT NULL,
    number INTEGER NOT NULL,
    began BIGINT NOT NULL,
    ended BIGINT,
    outcome TEXT,
    CONSTRAINT pk_attempts PRIMARY KEY (id),
    FOREIGN KEY(delivery) REFERENCES deliveries (id) ON DELETE CASCADE
);
CREATE INDEX ix_attempts_delivery ON attempts (delivery, id);
INSERT INTO alembic_version VALUES ('0001');
