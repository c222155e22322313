-- Makes a judged hour the detector's state, with its changes, in one step; or does nothing where the lease is another's.
-- The state's parts were written before, under names that only this lease and hour use.
--
-- KEYS  1 lease (hash), 2 state (hash: hour, prefix, parts), 3 outbox (list), 4 surges (hash: change by surge),
--       5 ends (sorted set: surges by when they closed), 6 parts (set of all part keys); then part keys that are no
--       longer needed
-- ARGV  1 number of the lease, 2 end of the hour, 3 prefix of the parts, 4 number of parts, 5 surges that closed before
--       this are forgotten; then for each change its surge, when it closed or '', and the change
-- Returns 1, or 0 where nothing was done.

local call = redis.call

local function integer(what, text)
  local value = tonumber(text)
  if not value or value < 0 or value % 1 ~= 0 then
    error({ err = 'SPARGUMENT surge-save: ' .. what .. ' is ' .. tostring(text) })
  end
  return value
end

if #ARGV < 5 or (#ARGV - 5) % 3 ~= 0 or #KEYS < 6 then
  error({ err = 'SPARGUMENT surge-save: the number of arguments is ' .. #ARGV })
end
local lease, hour = integer('the lease', ARGV[1]), integer('the hour', ARGV[2])
integer('the number of parts', ARGV[4])
local forgotten = integer('when it is forgotten', ARGV[5])
for i = 6, #ARGV, 3 do
  if ARGV[i + 1] ~= '' then integer('when it closed', ARGV[i + 1]) end
end
call('LLEN', KEYS[3])
call('HLEN', KEYS[4])
call('ZCARD', KEYS[5])
call('SCARD', KEYS[6])
local judged = tonumber(call('HGET', KEYS[2], 'hour') or '0')
if tonumber(call('HGET', KEYS[1], 'number') or '0') ~= lease or not judged or judged > hour then return 0 end

call('HSET', KEYS[2], 'hour', ARGV[2], 'prefix', ARGV[3], 'parts', ARGV[4])
for i = 6, #ARGV, 3 do
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
