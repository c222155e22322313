-- Puts counts and sources of a window that was counted elsewhere; or does nothing, where either is there.
--
-- KEYS  1 counts (string), 2 numbers of sources (string), 3 starts (sorted set), 4 series (sorted set)
-- ARGV  1 counts, 2 numbers of sources, 3 keep until (0: for ever), 4 start, 5 the series' member of the list of series
-- Returns 1, or 0 where nothing was done.

local call = redis.call
local keep_until, start = tonumber(ARGV[3]), tonumber(ARGV[4])
if #ARGV ~= 5 or #ARGV[1] < 8 or not keep_until or keep_until < 0 or not start or start % 1 ~= 0 then
  error({ err = 'SPARGUMENT put-window: the start is ' .. tostring(ARGV[4]) })
end
call('ZCARD', KEYS[3])
call('ZCARD', KEYS[4])
if call('EXISTS', KEYS[1]) == 1 or call('EXISTS', KEYS[2]) == 1 then return 0 end
for i = 1, 2 do
  call('SET', KEYS[i], ARGV[i])
  if keep_until > 0 then call('EXPIREAT', KEYS[i], ARGV[3]) end
end
call('ZADD', KEYS[3], 'GT', ARGV[4], ARGV[4])
call('ZADD', KEYS[4], 'GT', ARGV[4], ARGV[5])
return 1
