-- A message waits while lease_until is null. Times are milliseconds since 1970.
CREATE TABLE messages (
    id             INTEGER PRIMARY KEY AUTOINCREMENT, -- never reused: receipts carry it
    queue          TEXT    NOT NULL,
    payload        BLOB    NOT NULL,
    coalescing_key TEXT,
    due            INTEGER NOT NULL,
    lease_until    INTEGER,
    lease_token    INTEGER NOT NULL DEFAULT 0,        -- counts hand-outs; a receipt of an earlier one is worth nothing
    redelivered    INTEGER NOT NULL DEFAULT 0
) STRICT;

-- What `receive` walks.
CREATE INDEX messages_waiting ON messages (queue, due) WHERE lease_until IS NULL;
CREATE INDEX messages_leased ON messages (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX messages_keys ON messages (queue, coalescing_key, due) WHERE coalescing_key IS NOT NULL;
-- Of a key, one message at most waits that was only sent. Those handed out before stay messages of their own.
CREATE UNIQUE INDEX messages_coalesced ON messages (queue, coalescing_key)
    WHERE coalescing_key IS NOT NULL AND lease_until IS NULL AND lease_token = 0;

CREATE TABLE dead_letters (
    id             INTEGER PRIMARY KEY AUTOINCREMENT, -- in the order of death
    queue          TEXT    NOT NULL,
    payload        BLOB    NOT NULL,
    coalescing_key TEXT,
    reason         TEXT    NOT NULL
) STRICT;

CREATE INDEX dead_letters_queue ON dead_letters (queue);
