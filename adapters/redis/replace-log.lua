-- Puts a shorter log in the place of one, or forgets it where nothing is left, and takes it off a list; or does nothing,
-- where it is no longer as the caller read it. Where the caller found none, it only takes it off the list.
--
-- KEYS  1 the log (string); 2 the list (sorted set), where there is one
-- ARGV  1 bytes that it had, 0 for none, 2 its id (its first 8 bytes, '' for none), 3 the shorter one with an id of its own, or '' for none; 4 its
--       member of the list
-- Returns 1, or 0 where nothing was done.

local call = redis.call
local is_none = ARGV[1] == '0' and #ARGV == 4 and ARGV[2] == '' and ARGV[3] == ''
if #ARGV ~= #KEYS + 2 or not (is_none or #ARGV[2] == 8) or (#ARGV[3] > 0 and #ARGV[3] < 8) then
  error({ err = 'SPARGUMENT replace-log: the number of arguments is ' .. #ARGV })
end
if KEYS[2] then call('ZCARD', KEYS[2]) end
if call('STRLEN', KEYS[1]) ~= tonumber(ARGV[1]) or call('GETRANGE', KEYS[1], 0, 7) ~= ARGV[2] then return 0 end
if ARGV[3] == '' then call('UNLINK', KEYS[1]) else call('SET', KEYS[1], ARGV[3], 'KEEPTTL') end
if KEYS[2] then call('ZREM', KEYS[2], ARGV[4]) end
return 1
