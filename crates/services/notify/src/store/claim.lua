-- Gives a worker a mail that is due, for a while. ARGV: the worker, now, for how long (ms). Answers its id, the mail, attempts and when
-- it came. Leases end by Redis' own clock, so a machine whose clock is wrong takes nothing away from others.
local worker, now, long = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local function give(id)
    redis.call('SET', lease(id), worker, 'PX', long)
    redis.call('SET', claim(worker), id, 'PX', long)
    redis.call('ZADD', P .. 'waiting', now + long, id)
    local found = redis.call('HMGET', mail(id), 'mail', 'attempts', 'accepted')
    return { id, found[1], found[2], found[3] }
end
-- What it was given before, if it did not hear the answer.
local held = redis.call('GET', claim(worker))
if held and redis.call('GET', lease(held)) == worker and redis.call('HGET', mail(held), 'state') == 'waiting' then
    return give(held)
end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. 'waiting', '-inf', now, 'LIMIT', 0, 64)) do
    if redis.call('EXISTS', lease(id)) == 0 then return give(id) end
end
return false
