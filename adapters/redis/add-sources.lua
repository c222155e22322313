-- Adds sources to sketches of one slot. Repeating it changes nothing but the count of late sources.
-- A writer counts its calls to a slot, and the count is stored with the data: where it is not what the writer expects,
-- Redis lost something that it had acknowledged, and nothing is changed.
--
-- KEYS  1 count of this writer's calls (string), 2 ends before which sketches are closed (hash), 3 late sources (hash),
--       4 open sketch windows (sorted set); then for each window its set of series with an open sketch, followed by
--       its sketches.
-- ARGV  1 count expected, 2 count afterwards, 3 seconds to keep the count, 4 number of windows; then
--       a window: size, member of open sketch windows, end, keep until (0: for ever), number of sketches, then of each
--                 its series, IPv4 addresses of 4 bytes and IPv6 addresses of 16 bytes, each packed into one string
-- Returns 'applied', 'lost', or an error. A sketch that is no HyperLogLog is an error in the middle: adding sources
-- again is harmless, and the count has not moved.

local MAX = 9007199254740991
-- Addresses a PFADD: below Lua's stack limit of 8,000.
local CHUNK = 4000

local call = redis.call
local now = tonumber(call('TIME')[1])

local function refuse(what, value)
  error({ err = 'SPARGUMENT add-sources: ' .. what .. ' is ' .. tostring(value) })
end

local function integer(what, text, least, most)
  local value = tonumber(text)
  if not (value and value >= least and value <= most and value % 1 == 0) then refuse(what, text) end
  return value
end

local function add_packed(key, packed, width)
  for first = 1, #packed, CHUNK * width do
    local members = {}
    for from = first, math.min(first + (CHUNK - 1) * width, #packed), width do
      members[#members + 1] = string.sub(packed, from, from + width - 1)
    end
    call('PFADD', key, unpack(members))
  end
end

integer('count expected', ARGV[1], 0, MAX)
integer('count afterwards', ARGV[2], 0, MAX)
local keep_seconds = integer('seconds to keep', ARGV[3], 1, MAX)
local window_count = integer('number of windows', ARGV[4], 0, 1048576)

local at, key_at = 4, 4
local windows = {}
for i = 1, window_count do
  local size, member = ARGV[at + 1], ARGV[at + 2]
  local end_seconds = integer('end', ARGV[at + 3], -MAX, MAX)
  local keep_until = integer('keep until', ARGV[at + 4], 0, MAX)
  local sketches = integer('number of sketches', ARGV[at + 5], 1, 1048576)
  local closed_before = tonumber(call('HGET', KEYS[2], size) or '-inf')
  if not closed_before then refuse('an end in ' .. KEYS[2], size) end
  local index_key = KEYS[key_at + 1]
  if not index_key then refuse('the number of keys', #KEYS) end
  call('SCARD', index_key)
  windows[i] = {
    size = size, member = member, end_seconds = end_seconds, keep_until = keep_until, index_key = index_key,
    sketches = sketches, at = at + 5, key_at = key_at + 1,
    is_late = end_seconds <= closed_before or (keep_until > 0 and keep_until <= now)
  }
  key_at = key_at + 1 + sketches
  at = at + 5 + 3 * sketches
  if at > #ARGV then refuse('the number of arguments', #ARGV) end
  for j = windows[i].at + 1, at, 3 do
    if #ARGV[j + 1] % 4 ~= 0 or #ARGV[j + 2] % 16 ~= 0 then refuse('the length of addresses of', ARGV[j]) end
  end
end
if at ~= #ARGV then refuse('the number of arguments', #ARGV) end
if key_at ~= #KEYS then refuse('the number of keys', #KEYS) end
call('HLEN', KEYS[3])
call('ZCARD', KEYS[4])

if (call('GET', KEYS[1]) or '0') ~= ARGV[1] then return 'lost' end

for _, window in ipairs(windows) do
  local late, series = 0, {}
  for j = 1, window.sketches do
    local from = window.at + 3 * (j - 1)
    local words4, words16 = ARGV[from + 2], ARGV[from + 3]
    if window.is_late then
      late = late + #words4 / 4 + #words16 / 16
    else
      local key = KEYS[window.key_at + j]
      add_packed(key, words4, 4)
      add_packed(key, words16, 16)
      if window.keep_until > 0 then call('EXPIREAT', key, window.keep_until) end
      series[#series + 1] = ARGV[from + 1]
    end
  end
  if window.is_late then
    call('HINCRBY', KEYS[3], window.size, late)
  else
    for first = 1, #series, CHUNK do
      call('SADD', window.index_key, unpack(series, first, math.min(first + CHUNK - 1, #series)))
    end
    call('ZADD', KEYS[4], window.end_seconds, window.member)
    if window.keep_until > 0 then call('EXPIREAT', window.index_key, window.keep_until) end
  end
end
call('SET', KEYS[1], ARGV[2], 'EX', keep_seconds)
return 'applied'
