-- A session goes on. ARGV: its id, its new end in ms. Answers the record, or nothing if it is over.
local id = ARGV[4]
local record = running()[id]
if not record then
    return false
end
record['end'] = tonumber(ARGV[5])
local text = cjson.encode(record)
keep(id, text, ARGV[5])
return text
