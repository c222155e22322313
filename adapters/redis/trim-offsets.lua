-- Raises both offsets of one partition in one slot to where its log starts, never down, and notes which records of it
-- were not counted; running it again changes nothing.
--
-- KEYS  1 offsets (hash), 2 sources offsets (hash), 3 lost records (hash)
-- ARGV  1 field, 2 the log's start
-- Returns how many of the two were raised; or an error.

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
local writes = {}
local counted
for i = 1, 2 do
  local stored = integer('stored offset', call('HGET', KEYS[i], ARGV[1]) or '0')
  if i == 1 then counted = stored end
  if to > stored then writes[#writes + 1] = KEYS[i] end
end
call('HLEN', KEYS[3])

if to > counted then call('HSET', KEYS[3], ARGV[1] .. '|' .. string.format('%d', counted), ARGV[2]) end
for _, key in ipairs(writes) do call('HSET', key, ARGV[1], ARGV[2]) end
return #writes
