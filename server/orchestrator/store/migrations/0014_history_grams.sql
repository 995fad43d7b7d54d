-- Words of scripts that put no blank between them (Chinese, Japanese, Korean, Thai, …): pairs of characters, as tokens.
-- Without content of its own; the writer fills it. The row without texts asks it to do so for what is stored already.

CREATE VIRTUAL TABLE history_grams USING fts5 (text, content = '', tokenize = "ascii", detail = full);

INSERT INTO history_changes (entry_id) VALUES (0);
