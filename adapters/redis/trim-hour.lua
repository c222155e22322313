-- Drops cells of one sensor hour in one slot, but none that has grown since it was judged. Running it again, or two at
-- once, drops no more.
--
-- KEYS  1 packets by sensor and series (hash), 2 untrimmed sensor hours (sorted set)
-- ARGV  1 start of the hour, 2 how many cells are to remain when all calls for the hour are done (-1: more calls
--       follow), then pairs of field and the most packets that the cell may have to be dropped
-- Returns how many cells were dropped. The hour leaves the untrimmed ones where just as many remain as expected.

local call = redis.call

local function refuse(what, value)
  error({ err = 'SPARGUMENT trim-hour: ' .. what .. ' is ' .. tostring(value) })
end

local remain = tonumber(ARGV[2])
if not remain then refuse('the number to remain', ARGV[2]) end
if not tonumber(ARGV[1]) then refuse('the start', ARGV[1]) end
call('ZCARD', KEYS[2])
call('HLEN', KEYS[1])
local drop = {}
for i = 3, #ARGV, 2 do
  local most = tonumber(ARGV[i + 1])
  if not most then refuse('the most packets of ' .. ARGV[i], ARGV[i + 1]) end
  local packets = tonumber(call('HGET', KEYS[1], ARGV[i]))
  if packets and packets <= most then drop[#drop + 1] = ARGV[i] end
end

for _, field in ipairs(drop) do call('HDEL', KEYS[1], field) end
if remain >= 0 and call('HLEN', KEYS[1]) == remain then call('ZREM', KEYS[2], ARGV[1]) end
return #drop
