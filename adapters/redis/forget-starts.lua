-- Takes windows off the list of starts of one series, and the series off the list of series where it has none left.
--
-- KEYS  1 starts (sorted set), 2 series (sorted set)
-- ARGV  1 the series' member there, 2 the newest start that is forgotten
-- Returns how many starts are left.

local call = redis.call
local newest = tonumber(ARGV[2])
if #ARGV ~= 2 or not newest or newest % 1 ~= 0 or math.abs(newest) > 9007199254740991 then
  error({ err = 'SPARGUMENT forget-starts: the newest start is ' .. tostring(ARGV[2]) })
end
call('ZCARD', KEYS[2])
call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2])
local left = call('ZCARD', KEYS[1])
if left == 0 then call('ZREM', KEYS[2], ARGV[1]) end
return left
