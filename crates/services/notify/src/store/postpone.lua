-- A mail goes back to those that wait. ARGV: its id, the worker, when it is due, attempts, the reason.
local id, worker = ARGV[2], ARGV[3]
if redis.call('GET', lease(id)) ~= worker or redis.call('HGET', mail(id), 'state') ~= 'waiting' then return 0 end
redis.call('HSET', mail(id), 'due', ARGV[4], 'attempts', ARGV[5], 'reason', ARGV[6])
redis.call('ZADD', P .. 'waiting', ARGV[4], id)
redis.call('DEL', lease(id), claim(worker))
return 1
