-- Moves the sources offsets of one slot up, after every source before them was added; running it again changes nothing.
--
-- KEYS  1 sources offsets (hash), 2 count of this writer's calls (string; see add-sources.lua)
-- ARGV  1 count expected, 2 count afterwards, 3 seconds to keep the count; then a span: field, from, to
-- Returns {'applied'}; {'behind', 0-based index of a span, stored offset}, also where the count is not the expected
--       one; or an error.

local MAX = 9007199254740991
local call = redis.call

local function refuse(what, value)
  error({ err = 'SPARGUMENT advance-sources: ' .. what .. ' is ' .. tostring(value) })
end

local function integer(what, text, least, most)
  local value = tonumber(text)
  if not (value and value >= least and value <= most and value % 1 == 0) then refuse(what, text) end
  return value
end

integer('count expected', ARGV[1], 0, MAX)
integer('count afterwards', ARGV[2], 0, MAX)
local keep_seconds = integer('seconds to keep', ARGV[3], 1, MAX)
if #ARGV % 3 ~= 0 then refuse('the number of arguments', #ARGV) end
local is_whole = (call('GET', KEYS[2]) or '0') == ARGV[1]

local behind
local writes = {}
for i = 4, #ARGV, 3 do
  local from = integer('from', ARGV[i + 1], 0, MAX)
  local to = integer('to', ARGV[i + 2], from, MAX)
  local stored = integer('stored offset', call('HGET', KEYS[1], ARGV[i]) or '0', 0, MAX)
  if not behind and (stored < from or not is_whole) then behind = { 'behind', (i - 4) / 3, stored } end
  if to > stored then
    writes[#writes + 1] = ARGV[i]
    writes[#writes + 1] = ARGV[i + 2]
  end
end
if behind then return behind end

for i = 1, #writes, 2 do call('HSET', KEYS[1], writes[i], writes[i + 1]) end
call('SET', KEYS[2], ARGV[2], 'EX', keep_seconds)
return { 'applied' }
