-- Conversations between a person and a model. One is a run of its own kind with one attempt, whose steps are its calls.
-- Their messages are a tree: each follows another, what was forked away from stays, and the conversation's head says
-- which branch is shown. Messages of other attempts follow each other by `seq`, as before.

ALTER TABLE conversations ADD COLUMN kind TEXT NOT NULL DEFAULT 'attempt';
ALTER TABLE conversations ADD COLUMN head_id TEXT;
ALTER TABLE conversations ADD COLUMN named INTEGER NOT NULL DEFAULT 0 CHECK (named IN (0, 1));
ALTER TABLE conversations ADD COLUMN updated REAL NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN model TEXT NOT NULL DEFAULT '';
ALTER TABLE conversations ADD COLUMN forked_from TEXT;
ALTER TABLE conversations ADD COLUMN merged TEXT NOT NULL DEFAULT '';

UPDATE conversations SET updated = started;

CREATE INDEX conversations_by_task ON conversations (task_id, updated) WHERE task_id IS NOT NULL;
CREATE INDEX conversations_by_workspace ON conversations (workspace, updated);

ALTER TABLE messages ADD COLUMN parent_id TEXT;
ALTER TABLE messages ADD COLUMN ending TEXT NOT NULL DEFAULT 'end';
ALTER TABLE messages ADD COLUMN reason TEXT NOT NULL DEFAULT '';
ALTER TABLE messages ADD COLUMN depth INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN attached TEXT NOT NULL DEFAULT '[]';
ALTER TABLE messages ADD COLUMN tools TEXT NOT NULL DEFAULT '[]';
ALTER TABLE messages ADD COLUMN copied_from TEXT;

CREATE INDEX messages_by_parent ON messages (parent_id) WHERE parent_id IS NOT NULL;
