DROP TABLE outbox;
DROP TABLE input;
DROP TABLE channel;
DROP TABLE line_up;
