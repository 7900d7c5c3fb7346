-- Dead letters are messages of the queue `dead`, and say why.
ALTER TABLE messages ADD COLUMN reason TEXT;
INSERT INTO messages (queue, payload, due, reason) SELECT 'dead', payload, 0, reason FROM dead_letters ORDER BY id;
DROP TABLE dead_letters;
