-- Metrics find attempts by their id, so the narrow copy begins with it.

DROP INDEX attempts_measured;
CREATE INDEX attempts_measured ON attempts (
  attempt_id, run_id, executor, state, started, ended, conversation_id
);
