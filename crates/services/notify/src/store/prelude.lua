-- What all scripts begin with. ARGV[1] is what every key begins with; our Redis is one server, so keys may be made here.
--
-- mail:ID          hash: to, template, language, household, accepted, until, state (waiting, sent, dead, erased), attempts, due,
--                  settled, reason, mail (as it came, as long as it may have to be sent), caught, forget
-- queued           waiting mails by when they came         waiting   the same by when they are due
-- sent, dead       mails by when that happened             caught    mails whose text is kept
-- expires          settled mails by when they are forgotten
-- to:ADDRESS       an address' mails by when they came     household:ID   a household's mails
-- lease:ID         who is sending a mail                   claim:WORKER   which mail that is
local P = ARGV[1]
local function mail(id) return P .. 'mail:' .. id end
local function lease(id) return P .. 'lease:' .. id end
local function claim(worker) return P .. 'claim:' .. worker end

-- Takes everything about a mail away.
local function erase(id)
    local found = redis.call('HMGET', mail(id), 'to', 'household')
    for _, list in ipairs({ 'queued', 'waiting', 'sent', 'dead', 'caught', 'expires' }) do
        redis.call('ZREM', P .. list, id)
    end
    if found[1] then redis.call('ZREM', P .. 'to:' .. string.lower(found[1]), id) end
    if found[2] then redis.call('SREM', P .. 'household:' .. found[2], id) end
    redis.call('DEL', mail(id), lease(id))
end

-- Until when a mail's id is known: as long as the mail could come once more and be sent once more.
local function expiry(id, now, keep)
    return math.max(now + keep, tonumber(redis.call('HGET', mail(id), 'until') or now) + 86400000)
end

-- Leaves nothing of a mail but its id, so that it is not taken for a new one.
local function bury(id, now, keep)
    local state = redis.call('HGET', mail(id), 'state')
    if not state or state == 'erased' then return 0 end
    local expires = expiry(id, now, keep)
    erase(id)
    redis.call('HSET', mail(id), 'state', 'erased')
    redis.call('ZADD', P .. 'expires', expires, id)
    return 1
end
