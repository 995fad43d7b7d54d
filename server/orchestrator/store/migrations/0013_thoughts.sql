-- What a model thought aloud before and while it answered, kept with its answer.

ALTER TABLE messages ADD COLUMN thoughts TEXT NOT NULL DEFAULT '';
