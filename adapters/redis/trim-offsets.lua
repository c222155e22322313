-- Raises the offset of one partition in one slot to where its log starts, never down, and notes which records of it
-- were not counted; running it again changes nothing.
--
-- KEYS  1 offsets (hash), 2 lost records (hash)
-- ARGV  1 field, 2 the log's start
-- Returns 1 where it was raised, else 0; or an error.

local MAX = 9007199254740991
local call = redis.call

local function refuse(what, value)
  error({ err = 'SPARGUMENT trim-offsets: ' .. what .. ' is ' .. tostring(value) })
end

local function integer(what, text)
  local value = tonumber(text)
  if not (value and value >= 0 and value <= MAX and value % 1 == 0) then refuse(what, text) end
  return value
end

if #ARGV ~= 2 then refuse('the number of arguments', #ARGV) end
local to = integer("the log's start", ARGV[2])
local stored = integer('stored offset', call('HGET', KEYS[1], ARGV[1]) or '0')
call('HLEN', KEYS[2])
if to <= stored then return 0 end

call('HSET', KEYS[2], ARGV[1] .. '|' .. string.format('%d', stored), ARGV[2])
call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
