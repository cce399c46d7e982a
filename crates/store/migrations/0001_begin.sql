-- Written once for SQLite and PostgreSQL. Two words differ and are filled in when it is applied:
-- {bytes} is BLOB or BYTEA, {serial_key} a primary key that counts by itself. Everything else
-- keeps to BIGINT and TEXT: times are milliseconds, money is micro-yuan, truth is 0 or 1, closed
-- lists are the words of the domain, structures are JSON.

CREATE TABLE accounts (
    id {serial_key},
    login TEXT NOT NULL UNIQUE,
    suspended BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL
);

CREATE TABLE keys (
    id {serial_key},
    account BIGINT NOT NULL REFERENCES accounts (id),
    hash {bytes} NOT NULL UNIQUE,
    prefix TEXT NOT NULL,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    max_phones BIGINT,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);

CREATE TABLE audit (
    id {serial_key},
    at BIGINT NOT NULL,
    account BIGINT NOT NULL,
    action TEXT NOT NULL,
    detail TEXT NOT NULL
);

CREATE TABLE claims (
    kind TEXT NOT NULL,
    account BIGINT NOT NULL,
    name TEXT NOT NULL,
    digest {bytes} NOT NULL,
    reply_status BIGINT,
    reply_body {bytes},
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (kind, account, name)
);

-- One row per call: what lists look for in columns, the folded record as JSON in `facts`, and
-- what was said and named in `texts`, which an erasure empties together with `phone`.
CREATE TABLE calls (
    id {bytes} NOT NULL PRIMARY KEY,
    account BIGINT NOT NULL REFERENCES accounts (id),
    surface TEXT NOT NULL,
    batch TEXT NOT NULL,
    agent BIGINT,
    status TEXT NOT NULL,
    identity TEXT NOT NULL,
    ended BIGINT NOT NULL,
    simulated BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    dialed_at BIGINT,
    held BIGINT NOT NULL,
    last_seq BIGINT NOT NULL,
    phone TEXT,
    facts TEXT NOT NULL,
    texts TEXT
);
CREATE INDEX calls_by_creation ON calls (account, created_at, id);
CREATE INDEX calls_by_phone ON calls (account, phone, created_at);
CREATE INDEX calls_by_batch ON calls (batch);
CREATE INDEX calls_unfinished ON calls (created_at, id) WHERE ended = 0;

CREATE TABLE events (
    call_id {bytes} NOT NULL REFERENCES calls (id),
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    media_ms BIGINT,
    v BIGINT NOT NULL,
    event TEXT NOT NULL,
    texts TEXT,
    PRIMARY KEY (call_id, seq)
);

CREATE TABLE transactions (
    id {serial_key},
    reference TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    owner BIGINT NOT NULL REFERENCES accounts (id),
    at BIGINT NOT NULL
);
CREATE INDEX transactions_by_owner ON transactions (owner, id);

-- `place` is promotions, cash, revenue, available or held; `owner` is set for the last two.
CREATE TABLE postings (
    transaction_id BIGINT NOT NULL REFERENCES transactions (id),
    line BIGINT NOT NULL,
    place TEXT NOT NULL,
    owner BIGINT REFERENCES accounts (id),
    amount BIGINT NOT NULL,
    PRIMARY KEY (transaction_id, line)
);

-- The upper bound is 2^62: with amounts below 2^61 no sum leaves 64 bits, where SQLite would turn
-- to floating point without a word.
CREATE TABLE balances (
    account BIGINT NOT NULL PRIMARY KEY REFERENCES accounts (id),
    available BIGINT NOT NULL CHECK (available >= 0 AND available <= 4611686018427387904),
    held BIGINT NOT NULL CHECK (held >= 0 AND held <= 4611686018427387904)
);

CREATE TABLE opt_outs (
    account BIGINT NOT NULL,
    phone TEXT NOT NULL,
    reason TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (account, phone)
);
