-- Says which windows' sources are closed in one slot from now on, and which of them still have sources here; or does
-- nothing, while the slot has not counted what was there when the caller looked, or a quarter of theirs waits to be put to
-- them. One that cannot be read is not waited for. The mark only rises. Running it again changes nothing.
--
-- KEYS  1 ends before which sources are closed (hash), 2 windows with sources (sorted set), 3 quarters (sorted set),
--       4 offsets (hash), 5 quarters that cannot be read (sorted set)
-- ARGV  1 number of sizes; then pairs of window size and the end at or before which its sources are closed; then pairs of
--       a field of offsets and the least that it must be
-- Returns 'behind', 'unrolled', or the members of windows that end at or before the greatest of the ends; the caller sorts
-- by size.

local MAX = 9007199254740991
local call = redis.call

local function integer(what, text, least)
  local value = tonumber(text)
  if not (value and value >= least and value <= MAX and value % 1 == 0) then
    error({ err = 'SPARGUMENT mark-closing: ' .. what .. ' is ' .. tostring(text) })
  end
  return value
end

local last = 1 + 2 * integer('the number of sizes', ARGV[1], 1)
if last > #ARGV or (#ARGV - last) % 2 ~= 0 then
  error({ err = 'SPARGUMENT mark-closing: the number of arguments is ' .. #ARGV })
end
for _, i in ipairs({ 2, 3, 5 }) do call('ZCARD', KEYS[i]) end
call('HLEN', KEYS[4])
local greatest
local ends = {}
for i = 2, last, 2 do
  local value = integer('the end of ' .. ARGV[i], ARGV[i + 1], -MAX)
  ends[i] = math.max(value, tonumber(call('HGET', KEYS[1], ARGV[i]) or value) or value)
  greatest = math.max(greatest or value, value)
end
local is_behind = false
for i = last + 1, #ARGV, 2 do
  local stored = tonumber(call('HGET', KEYS[4], ARGV[i]) or '0') or 0
  if stored < integer('an offset', ARGV[i + 1], 0) then is_behind = true end
end
if is_behind then return 'behind' end
for _, quarter in ipairs(call('ZRANGEBYSCORE', KEYS[3], '-inf', '(' .. string.format('%d', greatest))) do
  if not call('ZSCORE', KEYS[5], quarter) then return 'unrolled' end
end
for i = 2, last, 2 do call('HSET', KEYS[1], ARGV[i], string.format('%d', ends[i])) end
return call('ZRANGEBYSCORE', KEYS[2], '-inf', greatest)
