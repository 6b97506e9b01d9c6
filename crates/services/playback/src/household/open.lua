-- Opens a session if that leaves the household within its limits. ARGV: its id, the record, the end in ms, the household's limit, the
-- broadcaster group or nothing, the group's limit, the session whose place it takes or nothing,
-- the device whose sessions it takes the place of or nothing.
-- Answers `opened`, or which limit is in the way (`household`, `group`) and the sessions that run.
local id, text, ends, limit, group, group_limit, instead, device =
    ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7]), ARGV[8], tonumber(ARGV[9]), ARGV[10], ARGV[11]
local sessions = running()
local function gives_way(other, record)
    return other == instead or record.device == device
end
-- Sent twice: the connection broke before the first answer came.
if sessions[id] then
    return { 'opened' }
end
local all, of_group = 0, 0
for other, record in pairs(sessions) do
    if not gives_way(other, record) then
        all = all + 1
        if group ~= '' and record.group == group then
            of_group = of_group + 1
        end
    end
end
if all >= limit then
    return texts('household', sessions)
end
if group ~= '' and of_group >= group_limit then
    return texts('group', sessions)
end
for other, record in pairs(sessions) do
    if gives_way(other, record) then
        finish(other, record)
    end
end
keep(id, text, ends)
return { 'opened' }
