-- A mail is tried at once. ARGV: its id, now. Answers 0 if there is none, 1 if it waits, 2 if it was sent, 3 if its time is over.
local id, now = ARGV[2], tonumber(ARGV[3])
local found = redis.call('HMGET', mail(id), 'state', 'until', 'accepted')
if not found[1] or found[1] == 'erased' then return 0 end
if found[1] == 'sent' then return 2 end
if tonumber(found[2]) <= now then return 3 end
if redis.call('EXISTS', lease(id)) == 1 then return 1 end
redis.call('HSET', mail(id), 'state', 'waiting', 'due', now)
if found[1] == 'dead' then
    redis.call('HSET', mail(id), 'attempts', 0)
    redis.call('HDEL', mail(id), 'settled', 'reason')
    redis.call('ZREM', P .. 'dead', id)
    redis.call('ZREM', P .. 'expires', id)
    redis.call('ZADD', P .. 'queued', found[3], id)
end
redis.call('ZADD', P .. 'waiting', now, id)
return 1
