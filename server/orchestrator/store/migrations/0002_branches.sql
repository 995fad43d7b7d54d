-- Running a branch: what an attempt was given and came to, which call answers which request, effects that must not
-- happen twice, what waits for a person, and what is still to be written into outlines.

ALTER TABLE runs ADD COLUMN request TEXT NOT NULL DEFAULT '{}';
ALTER TABLE attempts ADD COLUMN brief TEXT NOT NULL DEFAULT '';
ALTER TABLE attempts ADD COLUMN result TEXT NOT NULL DEFAULT '';
ALTER TABLE attempts ADD COLUMN answer TEXT NOT NULL DEFAULT '';
ALTER TABLE steps ADD COLUMN request_hash TEXT NOT NULL DEFAULT '';
ALTER TABLE steps ADD COLUMN finish TEXT NOT NULL DEFAULT '';

CREATE INDEX attempts_by_task ON attempts (task_id) WHERE task_id IS NOT NULL;

CREATE TABLE effects (
  attempt_id TEXT NOT NULL REFERENCES attempts ON DELETE CASCADE,
  name       TEXT NOT NULL,
  given_hash TEXT NOT NULL,
  seq        INTEGER NOT NULL,
  result     TEXT NOT NULL,
  created    REAL NOT NULL,
  PRIMARY KEY (attempt_id, name, given_hash, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE approvals (
  approval_id TEXT NOT NULL PRIMARY KEY,
  run_id      TEXT NOT NULL REFERENCES runs ON DELETE CASCADE,
  attempt_id  TEXT NOT NULL REFERENCES attempts ON DELETE CASCADE,
  seq         INTEGER NOT NULL,
  kind        TEXT NOT NULL,
  title       TEXT NOT NULL,
  detail      TEXT NOT NULL,
  created     REAL NOT NULL,
  state       TEXT NOT NULL,
  answer      TEXT NOT NULL DEFAULT '',
  answered    REAL,
  UNIQUE (attempt_id, seq)
) STRICT;

CREATE INDEX approvals_open ON approvals (created) WHERE state = 'open';

CREATE TABLE outbox (
  entry_id   TEXT NOT NULL PRIMARY KEY,
  run_id     TEXT NOT NULL REFERENCES runs ON DELETE CASCADE,
  attempt_id TEXT REFERENCES attempts ON DELETE CASCADE,
  uri        TEXT NOT NULL,
  task_id    TEXT NOT NULL,
  change     TEXT NOT NULL,
  created    REAL NOT NULL,
  state      TEXT NOT NULL,
  reason     TEXT NOT NULL DEFAULT '',
  closed     REAL
) STRICT;

CREATE INDEX outbox_waiting ON outbox (uri, created) WHERE state = 'waiting';

CREATE TABLE holders (
  uri       TEXT NOT NULL,
  owner     TEXT NOT NULL,
  heartbeat REAL NOT NULL,
  PRIMARY KEY (uri, owner)
) STRICT, WITHOUT ROWID;
