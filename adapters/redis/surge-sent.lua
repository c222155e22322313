-- Takes the oldest changes off the outbox; or does nothing where the lease is another's.
--
-- KEYS  1 lease (hash), 2 outbox (list)
-- ARGV  1 number of the lease, 2 how many changes
-- Returns 1, or 0 where nothing was done.

local call = redis.call
local count = tonumber(ARGV[2])
if #ARGV ~= 2 or not tonumber(ARGV[1]) or not count or count < 1 or count % 1 ~= 0 then
  error({ err = 'SPARGUMENT surge-sent: the number of changes is ' .. tostring(ARGV[2]) })
end
call('LLEN', KEYS[2])
if tonumber(call('HGET', KEYS[1], 'number') or '0') ~= tonumber(ARGV[1]) then return 0 end
call('LTRIM', KEYS[2], ARGV[2], -1)
return 1
