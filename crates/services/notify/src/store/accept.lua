-- Takes a mail in. ARGV: its id, now, to, template, language, household or nothing, until, the mail. Answers 1 if it is new.
local id, now, household = ARGV[2], ARGV[3], ARGV[7]
if redis.call('EXISTS', mail(id)) == 1 then return 0 end
redis.call('HSET', mail(id), 'state', 'waiting', 'accepted', now, 'due', now, 'attempts', 0, 'to', ARGV[4], 'template', ARGV[5],
    'language', ARGV[6], 'until', ARGV[8], 'mail', ARGV[9])
if household ~= '' then
    redis.call('HSET', mail(id), 'household', household)
    redis.call('SADD', P .. 'household:' .. household, id)
end
redis.call('ZADD', P .. 'queued', now, id)
redis.call('ZADD', P .. 'waiting', now, id)
redis.call('ZADD', P .. 'to:' .. string.lower(ARGV[4]), now, id)
return 1
