-- Metrics read packed copies of what has ended, made when somebody asks: nothing of it is written while work goes on.
-- A copy is of the rows from `first` to `last`, and goes when one of them goes or is opened again.

DROP INDEX steps_measured;
DROP INDEX attempts_measured;

CREATE INDEX steps_by_model ON steps (provider, model, attempt_id);

CREATE TABLE measured (
  kind    TEXT NOT NULL,
  first   INTEGER NOT NULL,
  last    INTEGER NOT NULL,
  names   TEXT NOT NULL,
  numbers BLOB NOT NULL,
  PRIMARY KEY (kind, first)
) STRICT;

CREATE TRIGGER measured_step_removed AFTER DELETE ON steps BEGIN
  DELETE FROM measured WHERE kind = 'step' AND OLD.rowid BETWEEN first AND last;
END;

CREATE TRIGGER measured_attempt_removed AFTER DELETE ON attempts BEGIN
  DELETE FROM measured WHERE kind = 'attempt' AND OLD.rowid BETWEEN first AND last;
END;

CREATE TRIGGER measured_attempt_reopened AFTER UPDATE OF ended ON attempts WHEN OLD.ended IS NOT NULL BEGIN
  DELETE FROM measured WHERE kind = 'attempt' AND NEW.rowid BETWEEN first AND last;
END;

CREATE TRIGGER measured_conversation_grew AFTER UPDATE OF head_id ON conversations BEGIN
  DELETE FROM measured WHERE kind = 'attempt' AND
    (SELECT rowid FROM attempts WHERE conversation_id = NEW.conversation_id) BETWEEN first AND last;
END;
