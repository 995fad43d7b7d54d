-- The journal: runs, their attempts and steps, the conversations, the prompts that were used.
-- Times are seconds since 1970, UTC. docs/reference/store.md describes every column.
-- Nothing here refers to a task of a file by a foreign key: cutting a line must not delete history.

CREATE TABLE runs (
  run_id     TEXT NOT NULL PRIMARY KEY,
  kind       TEXT NOT NULL,
  workspace  TEXT NOT NULL,
  uri        TEXT NOT NULL,
  task_id    TEXT,
  task_title TEXT NOT NULL,
  started    REAL NOT NULL,
  state      TEXT NOT NULL,
  reason     TEXT NOT NULL DEFAULT '',
  ended      REAL,
  owner      TEXT NOT NULL,
  heartbeat  REAL NOT NULL
) STRICT;

CREATE INDEX runs_by_start ON runs (started);
CREATE INDEX runs_by_workspace ON runs (workspace, started);
CREATE INDEX runs_running ON runs (heartbeat) WHERE state = 'running';

CREATE TABLE conversations (
  conversation_id TEXT NOT NULL PRIMARY KEY,
  workspace       TEXT NOT NULL,
  uri             TEXT NOT NULL,
  task_id         TEXT,
  title           TEXT NOT NULL,
  started         REAL NOT NULL
) STRICT;

CREATE TABLE attempts (
  attempt_id      TEXT NOT NULL PRIMARY KEY,
  run_id          TEXT NOT NULL REFERENCES runs ON DELETE CASCADE,
  seq             INTEGER NOT NULL,
  conversation_id TEXT NOT NULL UNIQUE REFERENCES conversations,
  task_id         TEXT,
  task_title      TEXT NOT NULL,
  started         REAL NOT NULL,
  state           TEXT NOT NULL,
  reason          TEXT NOT NULL DEFAULT '',
  ended           REAL,
  UNIQUE (run_id, seq)
) STRICT;

CREATE TABLE steps (
  step_id            TEXT NOT NULL PRIMARY KEY,
  attempt_id         TEXT NOT NULL REFERENCES attempts ON DELETE CASCADE,
  seq                INTEGER NOT NULL,
  role               TEXT NOT NULL,
  provider           TEXT NOT NULL,
  model              TEXT NOT NULL,
  prompt             TEXT NOT NULL,
  prompt_version     TEXT NOT NULL,
  started            REAL NOT NULL,
  state              TEXT NOT NULL,
  partial_answer     TEXT NOT NULL DEFAULT '',
  raw_answer         TEXT NOT NULL,
  input_tokens       INTEGER NOT NULL,
  output_tokens      INTEGER NOT NULL,
  cache_read_tokens  INTEGER NOT NULL,
  cache_write_tokens INTEGER NOT NULL,
  usage_estimated    INTEGER NOT NULL CHECK (usage_estimated IN (0, 1)),
  cost_nano_usd      INTEGER,
  error              TEXT NOT NULL,
  repair             INTEGER NOT NULL CHECK (repair IN (0, 1)),
  ended              REAL,
  UNIQUE (attempt_id, seq)
) STRICT;

CREATE TABLE messages (
  message_id      TEXT NOT NULL PRIMARY KEY,
  conversation_id TEXT NOT NULL REFERENCES conversations ON DELETE CASCADE,
  seq             INTEGER NOT NULL,
  speaker         TEXT NOT NULL,
  text            TEXT NOT NULL,
  created         REAL NOT NULL,
  step_id         TEXT REFERENCES steps ON DELETE SET NULL,
  UNIQUE (conversation_id, seq)
) STRICT;

CREATE INDEX messages_by_step ON messages (step_id);

CREATE TABLE events (
  run_id  TEXT NOT NULL REFERENCES runs ON DELETE CASCADE,
  seq     INTEGER NOT NULL,
  kind    TEXT NOT NULL,
  detail  TEXT NOT NULL,
  created REAL NOT NULL,
  PRIMARY KEY (run_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE prompts (
  name    TEXT NOT NULL,
  version TEXT NOT NULL,
  text    TEXT NOT NULL,
  created REAL NOT NULL,
  PRIMARY KEY (name, version)
) STRICT;
