-- Writes a session's record anew, if it runs. ARGV: its id, the record, its end in ms. Answers 1 if it did.
if not running()[ARGV[4]] then
    return 0
end
keep(ARGV[4], ARGV[5], ARGV[6])
return 1
