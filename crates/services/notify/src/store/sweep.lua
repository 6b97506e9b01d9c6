-- Forgets mails that were kept for long enough, some at a time. ARGV: now. Answers how many.
local old = redis.call('ZRANGEBYSCORE', P .. 'expires', '-inf', ARGV[2], 'LIMIT', 0, 200)
for _, id in ipairs(old) do erase(id) end
return #old
