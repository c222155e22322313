-- Says which windows' sources are closed in one slot from now on, and which of them still have sources here; or does
-- nothing, while a quarter of theirs waits to be put to them. The mark only rises. Running it again changes nothing.
--
-- KEYS  1 ends before which sources are closed (hash), 2 windows with sources (sorted set), 3 quarters (sorted set)
-- ARGV  pairs of window size and the end at or before which its sources are closed
-- Returns 'unrolled', or the members of windows that end at or before the greatest of the ends; the caller sorts by size.

local MAX = 9007199254740991
local call = redis.call
local greatest
call('ZCARD', KEYS[2])
local ends = {}
for i = 1, #ARGV, 2 do
  local value = tonumber(ARGV[i + 1])
  if not (value and value >= -MAX and value <= MAX and value % 1 == 0) then
    error({ err = 'SPARGUMENT mark-closing: the end of ' .. ARGV[i] .. ' is ' .. tostring(ARGV[i + 1]) })
  end
  ends[i] = math.max(value, tonumber(call('HGET', KEYS[1], ARGV[i]) or value) or value)
  greatest = math.max(greatest or value, value)
end
local waiting = call('ZRANGEBYSCORE', KEYS[3], '-inf', '(' .. string.format('%d', greatest), 'LIMIT', 0, 1)
if #waiting > 0 then return 'unrolled' end
for i = 1, #ARGV, 2 do call('HSET', KEYS[1], ARGV[i], string.format('%d', ends[i])) end
return call('ZRANGEBYSCORE', KEYS[2], '-inf', greatest)
