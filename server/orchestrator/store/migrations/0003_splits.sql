-- What came of each split: for noticing that a parent has changed since, for examples, and for judging what to split.

CREATE TABLE splits (
  run_id      TEXT NOT NULL PRIMARY KEY REFERENCES runs ON DELETE CASCADE,
  workspace   TEXT NOT NULL,
  uri         TEXT NOT NULL,
  task_id     TEXT,
  title       TEXT NOT NULL,
  description TEXT NOT NULL,
  text_hash   TEXT NOT NULL,
  verdict     TEXT NOT NULL,
  outcome     TEXT NOT NULL,
  plan        TEXT NOT NULL,
  ended       REAL NOT NULL
) STRICT;

CREATE INDEX splits_by_task ON splits (uri, task_id, ended);
CREATE INDEX splits_by_workspace ON splits (workspace, ended);
CREATE INDEX splits_by_end ON splits (ended);
