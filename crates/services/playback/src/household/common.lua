-- What all scripts begin with. KEYS: the household's sessions (a hash, by id), the index of all households' sessions by their end, the
-- list of revocations (a stream). ARGV: now in ms since 1970, what is too old for the list (ms), the household.
local now, too_old, household = tonumber(ARGV[1]), ARGV[2], ARGV[3]

-- Ends a session; its tokens are revoked, if they are still good.
local function finish(id, record)
    if record.tokens_end * 1000 + 10000 > now then
        redis.call('XADD', KEYS[3], 'MINID', '~', too_old, '*', 'session', id, 'until', string.format('%.0f', record.tokens_end))
    end
    redis.call('HDEL', KEYS[1], id)
    redis.call('ZREM', KEYS[2], household .. '/' .. id)
end

-- The sessions that run, by id. Those whose time is over are ended on the way.
local function running()
    local all, found = redis.call('HGETALL', KEYS[1]), {}
    for i = 1, #all, 2 do
        local record = cjson.decode(all[i + 1])
        if record['end'] > now then
            found[all[i]] = record
        else
            finish(all[i], record)
        end
    end
    return found
end

-- Records a session. The hash outlives its sessions, so that whoever ends them late finds what to revoke.
local function keep(id, text, ends)
    redis.call('HSET', KEYS[1], id, text)
    redis.call('PEXPIRE', KEYS[1], 86400000)
    redis.call('ZADD', KEYS[2], ends, household .. '/' .. id)
end

local function texts(first, sessions)
    local answer = { first }
    for id in pairs(sessions) do
        answer[#answer + 1] = redis.call('HGET', KEYS[1], id)
    end
    return answer
end
