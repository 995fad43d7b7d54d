-- Answers of runs that are data (JSON) are not found by themselves: what they say stands in the results.
DROP VIEW history_of_messages;

CREATE VIEW history_of_messages AS
  SELECT message_id, conversation_id, messages.created AS created, substr(text, 1, 100000) AS text
  FROM messages JOIN conversations USING (conversation_id)
  WHERE text <> '' AND copied_from IS NULL AND (
    (conversations.kind = 'chat' AND speaker <> 'system')
    OR (speaker = 'assistant' AND ltrim(text, char(9, 10, 13, 32)) NOT LIKE '{%'
      AND ltrim(text, char(9, 10, 13, 32)) NOT LIKE '```json%' AND EXISTS (
      SELECT 1 FROM attempts JOIN runs USING (run_id)
      WHERE attempts.conversation_id = conversations.conversation_id AND runs.kind = 'branch')));

DELETE FROM history WHERE kind = 'message' AND record_id NOT IN (SELECT message_id FROM history_of_messages);
