-- The sessions that run; those that are over are ended.
return texts('running', running())
