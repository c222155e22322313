-- Takes changes off the outbox, where they are in it; or does nothing where the lease is another's.
--
-- KEYS  1 lease (hash), 2 outbox (list)
-- ARGV  1 number of the lease, 2 its holder; then each change as it lies there
-- Returns 1, or 0 where nothing was done.

local call = redis.call
if #ARGV < 3 or not tonumber(ARGV[1]) then
  error({ err = 'SPARGUMENT surge-sent: the number of arguments is ' .. #ARGV })
end
call('LLEN', KEYS[2])
local held = call('HMGET', KEYS[1], 'number', 'holder')
if tonumber(held[1] or '0') ~= tonumber(ARGV[1]) or held[2] ~= ARGV[2] then return 0 end
for i = 3, #ARGV do call('LREM', KEYS[2], 1, ARGV[i]) end
return 1
