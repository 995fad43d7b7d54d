-- Versions of prompts that a person wrote, which of them is in use, and what metrics are computed from.

ALTER TABLE prompts ADD COLUMN parent TEXT NOT NULL DEFAULT '';
ALTER TABLE prompts ADD COLUMN origin TEXT NOT NULL DEFAULT 'built-in';
ALTER TABLE attempts ADD COLUMN executor TEXT NOT NULL DEFAULT '';

CREATE TABLE prompt_uses (
  use_id     INTEGER NOT NULL PRIMARY KEY,
  name       TEXT NOT NULL,
  version    TEXT NOT NULL,
  since      REAL NOT NULL,
  taken_back REAL
) STRICT;

CREATE INDEX prompt_uses_by_name ON prompt_uses (name, use_id) WHERE taken_back IS NULL;

-- Steps and attempts hold long texts; metrics read these narrow copies instead of every page of them.
CREATE INDEX steps_measured ON steps (
  started, attempt_id, seq, role, provider, model, prompt, prompt_version, state, repair, usage_estimated,
  input_tokens, output_tokens, cache_read_tokens, cost_nano_usd, ended
);
CREATE INDEX attempts_measured ON attempts (
  started, attempt_id, run_id, executor, state, conversation_id, ended
);
