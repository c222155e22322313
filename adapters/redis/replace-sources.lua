-- Puts a shorter log of the same sources in the place of a window's, or does nothing, where that is no longer as the
-- caller read it.
--
-- KEYS  1 the log (string)
-- ARGV  1 bytes that it had, 2 its id (its first 8 bytes), 3 the shorter one, with an id of its own
-- Returns 1, or 0 where nothing was done.

local call = redis.call
if #ARGV ~= 3 or #ARGV[2] ~= 8 or #ARGV[3] < 8 then
  error({ err = 'SPARGUMENT replace-sources: the number of arguments is ' .. #ARGV })
end
if call('STRLEN', KEYS[1]) ~= tonumber(ARGV[1]) or call('GETRANGE', KEYS[1], 0, 7) ~= ARGV[2] then return 0 end
call('SET', KEYS[1], ARGV[3], 'KEEPTTL')
return 1
