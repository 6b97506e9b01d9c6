-- A mail is sent, or dead. ARGV: its id, the worker, now, how long settled ones are kept (ms), sent or dead, the reason or nothing, what
-- was caught or nothing, how many caught ones are kept. Answers 1 if it waited until now.
local id, worker, now, keep, state = ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]
local found = redis.call('HMGET', mail(id), 'state', 'forget')
if found[1] ~= 'waiting' then return 0 end
local holder = redis.call('GET', lease(id))
-- That it was sent is true whoever has it now.
if state == 'dead' and holder and holder ~= worker then return 0 end
if holder == worker then redis.call('DEL', lease(id)) end
redis.call('DEL', claim(worker))
if found[2] then return bury(id, now, keep) end
redis.call('HSET', mail(id), 'state', state, 'settled', now)
redis.call('HDEL', mail(id), 'due')
if ARGV[7] ~= '' then redis.call('HSET', mail(id), 'reason', ARGV[7]) else redis.call('HDEL', mail(id), 'reason') end
-- The links in it are nobody's business any more.
if state == 'sent' then redis.call('HDEL', mail(id), 'mail') end
redis.call('ZREM', P .. 'queued', id)
redis.call('ZREM', P .. 'waiting', id)
redis.call('ZADD', P .. state, now, id)
redis.call('ZADD', P .. 'expires', expiry(id, now, keep), id)
if ARGV[8] ~= '' then
    redis.call('HSET', mail(id), 'caught', ARGV[8])
    redis.call('ZADD', P .. 'caught', now, id)
    while redis.call('ZCARD', P .. 'caught') > tonumber(ARGV[9]) do
        redis.call('HDEL', mail(redis.call('ZPOPMIN', P .. 'caught')[1]), 'caught')
    end
end
return 1
