-- Ends a session, or all of the household's where none is named. ARGV: its id or nothing. Answers how many ran.
local count = 0
for id, record in pairs(running()) do
    if ARGV[4] == '' or ARGV[4] == id then
        finish(id, record)
        count = count + 1
    end
end
return count
