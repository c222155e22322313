-- Unique sources of series of one window in one slot: the closed number, or the estimate of the open sketch.
--
-- KEYS  1 numbers of closed sketches by series (hash), then the sketches
-- ARGV  the series of each sketch
-- Returns a number for each sketch, 0 where there is neither.

local call = redis.call
local numbers = {}
for i = 1, #ARGV do
  numbers[i] = tonumber(call('HGET', KEYS[1], ARGV[i])) or call('PFCOUNT', KEYS[i + 1])
end
return numbers
