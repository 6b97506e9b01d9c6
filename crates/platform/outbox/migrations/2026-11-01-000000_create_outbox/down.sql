DROP TABLE outbox_turn, outbox;
