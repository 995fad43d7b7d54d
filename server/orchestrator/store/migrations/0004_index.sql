-- The index of saved outlines: what an editor finds tasks by, without reading every file again at its next start.
-- Rebuilt from the files; no other table refers to it, and nothing is lost with it.

CREATE TABLE outlines (
  outline_id  INTEGER NOT NULL PRIMARY KEY,
  workspace   TEXT NOT NULL,
  uri         TEXT NOT NULL UNIQUE,
  modified_ns INTEGER NOT NULL,
  size        INTEGER NOT NULL,
  settled     INTEGER NOT NULL CHECK (settled IN (0, 1)),
  digest      TEXT NOT NULL,
  reader      TEXT NOT NULL,
  newer       INTEGER NOT NULL CHECK (newer IN (0, 1)),
  paths       TEXT NOT NULL,
  complete    INTEGER NOT NULL CHECK (complete IN (0, 1))
) STRICT;

CREATE INDEX outlines_by_workspace ON outlines (workspace);

CREATE TABLE tasks (
  outline_id  INTEGER NOT NULL REFERENCES outlines ON DELETE CASCADE,
  seq         INTEGER NOT NULL,
  parent      INTEGER,
  line        INTEGER NOT NULL,
  title       TEXT NOT NULL,
  status      TEXT NOT NULL,
  task_id     TEXT,
  depends_on  TEXT NOT NULL,
  title_start INTEGER NOT NULL,
  title_end   INTEGER NOT NULL,
  head        TEXT,
  PRIMARY KEY (outline_id, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX tasks_by_id ON tasks (task_id) WHERE task_id IS NOT NULL;

CREATE TABLE sections (
  outline_id  INTEGER NOT NULL REFERENCES outlines ON DELETE CASCADE,
  seq         INTEGER NOT NULL,
  parent      INTEGER,
  line        INTEGER NOT NULL,
  title       TEXT NOT NULL,
  depends_on  TEXT NOT NULL,
  title_start INTEGER NOT NULL,
  title_end   INTEGER NOT NULL,
  head        TEXT,
  PRIMARY KEY (outline_id, seq)
) STRICT, WITHOUT ROWID;
