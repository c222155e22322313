-- Takes away what a detector has learnt, so that the next one learns the whole store anew; or does nothing while one holds the
-- lease. What it has told, and has to tell, stays.
--
-- KEYS  1 lease (hash), 2 state (hash), 3 parts (set of all part keys); then the part keys
-- Returns 1, or 0 where nothing was done.

local call = redis.call
if #KEYS < 3 or #ARGV ~= 0 then error({ err = 'SPARGUMENT surge-forget: the number of keys is ' .. #KEYS }) end
local LONGEST = 3600 * 1000
local time = call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local ends = tonumber(call('HGET', KEYS[1], 'until') or '0')
if not ends then error({ err = 'SPARGUMENT surge-forget: what is stored is no lease' }) end
call('SCARD', KEYS[3])
-- The rule of surge-lease.lua: no holder asks for longer.
if ends > now and ends <= now + LONGEST then return 0 end
call('UNLINK', KEYS[2])
for i = 4, #KEYS do
  call('UNLINK', KEYS[i])
  call('SREM', KEYS[3], KEYS[i])
end
return 1
