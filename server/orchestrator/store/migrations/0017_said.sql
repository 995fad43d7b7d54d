-- What a person says in one program about a task that another one runs: it takes that in, and then it is gone.

CREATE TABLE said (
  said_id INTEGER PRIMARY KEY,
  run_id  TEXT NOT NULL REFERENCES runs ON DELETE CASCADE,
  task_id TEXT NOT NULL,
  text    TEXT NOT NULL,
  created REAL NOT NULL
) STRICT;

CREATE INDEX said_by_run ON said (run_id);
