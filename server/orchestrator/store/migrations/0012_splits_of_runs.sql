-- A run of a branch makes many splits: each has an id of its own, that of its attempt; a split by itself has its run's.

DROP TRIGGER split_added;
DROP TRIGGER split_removed;
DROP VIEW history_of_splits;

CREATE TABLE splits_by_id (
  split_id    TEXT NOT NULL PRIMARY KEY,
  run_id      TEXT NOT NULL REFERENCES runs ON DELETE CASCADE,
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

INSERT INTO splits_by_id SELECT run_id, run_id, workspace, uri, task_id, title, description, text_hash, verdict,
  outcome, plan, ended FROM splits;

DROP TABLE splits;
ALTER TABLE splits_by_id RENAME TO splits;

CREATE INDEX splits_by_run ON splits (run_id);
CREATE INDEX splits_by_task ON splits (uri, task_id, ended);
CREATE INDEX splits_by_workspace ON splits (workspace, ended);
CREATE INDEX splits_by_end ON splits (ended);

CREATE VIEW history_of_splits AS
  SELECT split_id, ended AS created, title || char(10) || description || char(10) || coalesce((
    SELECT group_concat(atom, char(10)) FROM json_tree(splits.plan)
    WHERE type = 'text' AND key IN ('title', 'description', 'acceptance')), '') AS text
  FROM splits WHERE outcome <> 'simple';

CREATE TRIGGER split_added AFTER INSERT ON splits BEGIN
  DELETE FROM history WHERE kind = 'split' AND record_id = NEW.split_id;
  INSERT INTO history (kind, record_id, created, text)
    SELECT 'split', split_id, created, text FROM history_of_splits WHERE split_id = NEW.split_id;
END;

CREATE TRIGGER split_removed AFTER DELETE ON splits BEGIN
  DELETE FROM history WHERE kind = 'split' AND record_id = OLD.split_id;
END;
