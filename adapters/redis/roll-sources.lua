-- Puts the sources of one quarter of an hour, joined by the caller, behind those of its hour and its days, and forgets
-- the quarter; or does nothing, where the quarter is no longer as the caller read it. What comes for the quarter later
-- begins it anew: sources are sets, so putting some behind twice changes nothing.
--
-- KEYS  1 quarters (sorted set), 2 the quarter (string), 3 ends before which sources are closed (hash), 4 late sources
--       (hash), 5 windows with sources (sorted set); then the log of each window
-- ARGV  1 bytes that the quarter had, 2 its id (its first 8 bytes), 3 its member of quarters, 4 id of this append,
--       5 the sources, 6 registers in them; then a window: size, member of windows, end, keep until (0: for ever)
-- Returns 'rolled', or 'changed'.

local MAX = 9007199254740991
local FIXED_KEYS, FIXED_ARGS, WINDOW_ARGS = 5, 6, 4
local call = redis.call
local now = tonumber(call('TIME')[1])

local function refuse(what, value)
  error({ err = 'SPARGUMENT roll-sources: ' .. what .. ' is ' .. tostring(value) })
end

local function integer(what, text, least)
  local value = tonumber(text)
  if not (value and value >= least and value <= MAX and value % 1 == 0) then refuse(what, text) end
  return value
end

local windows = #KEYS - FIXED_KEYS
if windows < 1 or #ARGV ~= FIXED_ARGS + WINDOW_ARGS * windows then refuse('the number of arguments', #ARGV) end
if #ARGV[2] ~= 8 or #ARGV[4] ~= 8 then refuse('the length of an id', #ARGV[2]) end
local length = integer('bytes', ARGV[1], 8)
local registers = integer('registers', ARGV[6], 0)
call('ZCARD', KEYS[1])
call('HLEN', KEYS[4])
call('ZCARD', KEYS[5])
local appended, late = {}, {}
for i = 1, windows do
  local at = FIXED_ARGS + WINDOW_ARGS * (i - 1)
  local size = ARGV[at + 1]
  local finish = integer('end', ARGV[at + 3], -MAX)
  local keep_until = integer('keep until', ARGV[at + 4], 0)
  local key = KEYS[FIXED_KEYS + i]
  local is_new = call('STRLEN', key) == 0
  local closed = call('HGET', KEYS[3], size)
  if (closed and finish <= integer('closing', closed, -MAX)) or (keep_until > 0 and keep_until <= now) then
    late[#late + 1] = size
  else
    appended[#appended + 1] = { key = key, is_new = is_new, member = ARGV[at + 2], finish = finish, keep_until = keep_until }
  end
end
if call('STRLEN', KEYS[2]) ~= length or call('GETRANGE', KEYS[2], 0, 7) ~= ARGV[2] then return 'changed' end

for _, window in ipairs(appended) do
  if window.is_new then call('APPEND', window.key, ARGV[4]) else call('SETRANGE', window.key, 0, ARGV[4]) end
  call('APPEND', window.key, ARGV[5])
  if window.keep_until > 0 then call('EXPIREAT', window.key, window.keep_until) end
  call('ZADD', KEYS[5], window.finish, window.member)
end
for _, size in ipairs(late) do call('HINCRBY', KEYS[4], size, registers) end
call('UNLINK', KEYS[2])
call('ZREM', KEYS[1], ARGV[3])
return 'rolled'
