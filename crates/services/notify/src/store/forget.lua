-- Forgets a household. ARGV: the household, now, how long ids are remembered (ms). The mail that says so still goes out, and is forgotten
-- then.
for _, id in ipairs(redis.call('SMEMBERS', P .. 'household:' .. ARGV[2])) do
    local found = redis.call('HMGET', mail(id), 'state', 'template')
    if found[1] == 'waiting' and found[2] == 'deleted' then
        redis.call('HSET', mail(id), 'forget', 1)
        redis.call('HDEL', mail(id), 'household')
    else
        bury(id, tonumber(ARGV[3]), tonumber(ARGV[4]))
    end
end
redis.call('DEL', P .. 'household:' .. ARGV[2])
