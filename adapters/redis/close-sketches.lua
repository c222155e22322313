-- Turns sketches of one window in one slot into their numbers and deletes them. A sketch that is gone keeps the number
-- that it has: running it again, or two at once, changes nothing. mark-closing.lua has run before, so none comes back.
--
-- KEYS  1 open sketch windows (sorted set), 2 series of the window with an open sketch (set), 3 numbers of closed
--       sketches by series (hash), then the sketches
-- ARGV  1 member of open sketch windows, 2 keep until (0: for ever), then the series of each sketch
-- Returns how many sketches of the window are still open in this slot.

local MAX = 9007199254740991
local call = redis.call

local keep_until = tonumber(ARGV[2])
if not (keep_until and keep_until >= 0 and keep_until <= MAX and keep_until % 1 == 0) then
  error({ err = 'SPARGUMENT close-sketches: keep until is ' .. tostring(ARGV[2]) })
end
if #KEYS - 3 ~= #ARGV - 2 then
  error({ err = 'SPARGUMENT close-sketches: the number of keys is ' .. #KEYS })
end
call('ZCARD', KEYS[1])
call('SCARD', KEYS[2])
call('HLEN', KEYS[3])
local numbers = {}
for i = 4, #KEYS do
  if call('EXISTS', KEYS[i]) == 1 then numbers[i] = call('PFCOUNT', KEYS[i]) end
end

for i = 4, #KEYS do
  local series = ARGV[i - 1]
  if numbers[i] then
    call('HSET', KEYS[3], series, numbers[i])
    call('UNLINK', KEYS[i])
  end
  call('SREM', KEYS[2], series)
end
if keep_until > 0 then call('EXPIREAT', KEYS[3], keep_until) end
local open = call('SCARD', KEYS[2])
if open == 0 then call('ZREM', KEYS[1], ARGV[1]) end
return open
