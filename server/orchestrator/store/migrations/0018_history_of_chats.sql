-- Most messages are those of a run, which say nothing that is searched: they are told apart before the view is asked.

DROP TRIGGER message_added;

CREATE TRIGGER message_added AFTER INSERT ON messages
  WHEN NEW.text <> '' AND NEW.copied_from IS NULL AND NEW.speaker <> 'system' AND (
    (NEW.speaker = 'assistant' AND NEW.text NOT LIKE '{%')
    OR (SELECT kind FROM conversations WHERE conversation_id = NEW.conversation_id) = 'chat') BEGIN
  INSERT INTO history (kind, record_id, conversation_id, created, text)
    SELECT 'message', message_id, conversation_id, created, text FROM history_of_messages
    WHERE message_id = NEW.message_id;
END;
