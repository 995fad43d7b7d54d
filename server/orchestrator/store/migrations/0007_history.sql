-- What can be searched: texts of conversations, results and splits, kept in step by triggers, whoever writes them;
-- their words (FTS5, which reads the texts here), and what they mean, as vectors that are computed when asked for.

CREATE TABLE history (
  entry_id        INTEGER NOT NULL PRIMARY KEY,
  kind            TEXT NOT NULL,
  record_id       TEXT NOT NULL,
  conversation_id TEXT,
  created         REAL NOT NULL,
  text            TEXT NOT NULL,
  UNIQUE (kind, record_id)
) STRICT;

CREATE INDEX history_by_conversation ON history (conversation_id) WHERE conversation_id IS NOT NULL;

CREATE TABLE meanings (
  entry_id INTEGER NOT NULL PRIMARY KEY REFERENCES history ON DELETE CASCADE,
  model    TEXT NOT NULL,
  vector   BLOB NOT NULL
) STRICT;

CREATE VIRTUAL TABLE history_words USING fts5 (
  text, content = 'history', content_rowid = 'entry_id', tokenize = "unicode61 remove_diacritics 2"
);

-- A trigger may not write to a virtual table where the schema is not trusted: the writer does, in the same transaction.
CREATE TABLE history_changes (
  change_id INTEGER NOT NULL PRIMARY KEY,
  entry_id  INTEGER NOT NULL,
  removed   TEXT,
  added     TEXT
) STRICT;

CREATE TRIGGER history_added AFTER INSERT ON history BEGIN
  INSERT INTO history_changes (entry_id, added) VALUES (NEW.entry_id, NEW.text);
END;

CREATE TRIGGER history_removed AFTER DELETE ON history BEGIN
  INSERT INTO history_changes (entry_id, removed) VALUES (OLD.entry_id, OLD.text);
END;

-- Requests of the engine repeat its prompts, and answers of a split stand in `splits`: neither is found.
CREATE VIEW history_of_messages AS
  SELECT message_id, conversation_id, messages.created AS created, substr(text, 1, 100000) AS text
  FROM messages JOIN conversations USING (conversation_id)
  WHERE text <> '' AND copied_from IS NULL AND (
    (conversations.kind = 'chat' AND speaker <> 'system')
    OR (speaker = 'assistant' AND EXISTS (
      SELECT 1 FROM attempts JOIN runs USING (run_id)
      WHERE attempts.conversation_id = conversations.conversation_id AND runs.kind = 'branch')));

CREATE TRIGGER message_added AFTER INSERT ON messages WHEN NEW.text <> '' BEGIN
  INSERT INTO history (kind, record_id, conversation_id, created, text)
    SELECT 'message', message_id, conversation_id, created, text FROM history_of_messages
    WHERE message_id = NEW.message_id;
END;

CREATE TRIGGER message_changed AFTER UPDATE OF text ON messages WHEN NEW.text <> OLD.text BEGIN
  DELETE FROM history WHERE kind = 'message' AND record_id = OLD.message_id;
  INSERT INTO history (kind, record_id, conversation_id, created, text)
    SELECT 'message', message_id, conversation_id, created, text FROM history_of_messages
    WHERE message_id = NEW.message_id;
END;

CREATE TRIGGER message_removed AFTER DELETE ON messages BEGIN
  DELETE FROM history WHERE kind = 'message' AND record_id = OLD.message_id;
END;

CREATE TRIGGER result_changed AFTER UPDATE OF result, answer ON attempts
  WHEN NEW.result <> OLD.result OR NEW.answer <> OLD.answer BEGIN
  DELETE FROM history WHERE kind = 'result' AND record_id = OLD.attempt_id;
  INSERT INTO history (kind, record_id, conversation_id, created, text)
    SELECT 'result', NEW.attempt_id, NEW.conversation_id, coalesce(NEW.ended, NEW.started),
      NEW.task_title || char(10) || NEW.result
      || CASE WHEN NEW.answer IN ('', NEW.result) THEN '' ELSE char(10) || substr(NEW.answer, 1, 100000) END
    WHERE NEW.result || NEW.answer <> '';
END;

CREATE TRIGGER result_removed AFTER DELETE ON attempts BEGIN
  DELETE FROM history WHERE kind = 'result' AND record_id = OLD.attempt_id;
END;

CREATE VIEW history_of_splits AS
  SELECT run_id, ended AS created, title || char(10) || description || char(10) || coalesce((
    SELECT group_concat(atom, char(10)) FROM json_tree(splits.plan)
    WHERE type = 'text' AND key IN ('title', 'description', 'acceptance')), '') AS text
  FROM splits WHERE outcome <> 'simple';

CREATE TRIGGER split_added AFTER INSERT ON splits BEGIN
  DELETE FROM history WHERE kind = 'split' AND record_id = NEW.run_id;
  INSERT INTO history (kind, record_id, created, text)
    SELECT 'split', run_id, created, text FROM history_of_splits WHERE run_id = NEW.run_id;
END;

CREATE TRIGGER split_removed AFTER DELETE ON splits BEGIN
  DELETE FROM history WHERE kind = 'split' AND record_id = OLD.run_id;
END;

INSERT INTO history (kind, record_id, conversation_id, created, text)
  SELECT * FROM (
    SELECT 'message', message_id, conversation_id, created, text FROM history_of_messages
    UNION ALL
    SELECT 'result', attempt_id, conversation_id, coalesce(ended, started),
      task_title || char(10) || result
      || CASE WHEN answer IN ('', result) THEN '' ELSE char(10) || substr(answer, 1, 100000) END
    FROM attempts WHERE result || answer <> ''
    UNION ALL
    SELECT 'split', run_id, NULL, created, text FROM history_of_splits
  ) ORDER BY 4;

INSERT INTO history_words (history_words) VALUES ('rebuild');
DELETE FROM history_changes;
