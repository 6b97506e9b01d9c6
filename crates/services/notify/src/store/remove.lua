-- Removes a mail, sent or not. ARGV: its id, now, how long its id is remembered (ms). Answers 0 if there is none.
return bury(ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]))
