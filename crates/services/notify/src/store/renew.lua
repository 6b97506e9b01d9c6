-- Holds a mail for longer. ARGV: its id, the worker, now, for how long (ms). Answers 0 if it is not this worker's any more.
local id, worker, now, long = ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
if redis.call('GET', lease(id)) ~= worker then return 0 end
redis.call('PEXPIRE', lease(id), long)
redis.call('PEXPIRE', claim(worker), long)
redis.call('ZADD', P .. 'waiting', 'XX', now + long, id)
return 1
