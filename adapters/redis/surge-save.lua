-- Makes what a detector knows its state, with the changes that are to be told, in one step; or does nothing where the lease
-- is another's, or the state is not the one that it went on from: Redis lost it, and what was done since is to be done again.
-- The state's parts were written before, under names that only this save uses.
--
-- KEYS  1 lease (hash), 2 state (hash: hour, prefix, parts, stamp), 3 outbox (list), 4 surges (hash: change by surge),
--       5 ends (sorted set: surges by when they closed), 6 parts (set of all part keys); then part keys that are no
--       longer needed
-- ARGV  1 number of the lease, 2 its holder, 3 stamp of the state before ('' for none), 4 stamp from now on, 5 end of the
--       hour, 6 prefix of the parts ('' where those before stay), 7 number of parts, 8 surges that closed before this are
--       forgotten; then for each change its surge, when it closed or '', and the change
-- Returns 1, or 0 where nothing was done.

local call = redis.call
local FIXED = 8

local function integer(what, text)
  local value = tonumber(text)
  if not value or value < 0 or value % 1 ~= 0 then
    error({ err = 'SPARGUMENT surge-save: ' .. what .. ' is ' .. tostring(text) })
  end
  return value
end

if #ARGV < FIXED or (#ARGV - FIXED) % 3 ~= 0 or #KEYS < 6 or ARGV[4] == '' then
  error({ err = 'SPARGUMENT surge-save: the number of arguments is ' .. #ARGV .. ', the stamp ' .. tostring(ARGV[4]) })
end
local lease, hour = integer('the lease', ARGV[1]), integer('the hour', ARGV[5])
integer('the number of parts', ARGV[7])
local forgotten = integer('when it is forgotten', ARGV[8])
for i = FIXED + 1, #ARGV, 3 do
  if ARGV[i + 1] ~= '' then integer('when it closed', ARGV[i + 1]) end
end
call('LLEN', KEYS[3])
call('HLEN', KEYS[4])
call('ZCARD', KEYS[5])
call('SCARD', KEYS[6])
local held = call('HMGET', KEYS[1], 'number', 'holder')
local state = call('HMGET', KEYS[2], 'hour', 'stamp')
local judged = tonumber(state[1] or '0')
if tonumber(held[1] or '0') ~= lease or held[2] ~= ARGV[2] then return 0 end
if (state[2] or '') ~= ARGV[3] or not judged or judged > hour then return 0 end

call('HSET', KEYS[2], 'hour', ARGV[5], 'stamp', ARGV[4])
if ARGV[6] ~= '' then call('HSET', KEYS[2], 'prefix', ARGV[6], 'parts', ARGV[7]) end
for i = FIXED + 1, #ARGV, 3 do
  call('RPUSH', KEYS[3], ARGV[i + 2])
  call('HSET', KEYS[4], ARGV[i], ARGV[i + 2])
  if ARGV[i + 1] ~= '' then call('ZADD', KEYS[5], ARGV[i + 1], ARGV[i]) end
end
for _, surge in ipairs(call('ZRANGEBYSCORE', KEYS[5], '-inf', forgotten)) do
  call('HDEL', KEYS[4], surge)
  call('ZREM', KEYS[5], surge)
end
for i = 7, #KEYS do
  call('UNLINK', KEYS[i])
  call('SREM', KEYS[6], KEYS[i])
end
return 1
