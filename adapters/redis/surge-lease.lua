-- Gives the detector's lease to a holder, renews it, or gives it back.
--
-- KEYS  1 lease (hash: number, holder, until in milliseconds)
-- ARGV  1 holder, 2 for how many milliseconds, an hour at most; or 1 'release', 2 number
-- Returns the number of the lease, or 0 where another one holds it (or held it, at a release).

local call = redis.call
local LONGEST = 3600 * 1000
local time = call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local amount = tonumber(ARGV[2])
if #ARGV ~= 2 or not amount or amount < 0 or amount % 1 ~= 0 or (ARGV[1] ~= 'release' and amount > LONGEST) then
  error({ err = 'SPARGUMENT surge-lease: the time is ' .. tostring(ARGV[2]) })
end
local stored = call('HMGET', KEYS[1], 'number', 'holder', 'until')
local number, ends = tonumber(stored[1] or '0'), tonumber(stored[3] or '0')
if not number or not ends then error({ err = 'SPARGUMENT surge-lease: what is stored is no lease' }) end
if ARGV[1] == 'release' then
  if amount ~= number then return 0 end
  call('HSET', KEYS[1], 'until', '0')
  return number
end
-- A clock that was set back must not keep a lease for hours: no holder asks for that long.
if ends > now and ends <= now + LONGEST then
  if stored[2] ~= ARGV[1] then return 0 end
else
  number = number + 1
end
call('HSET', KEYS[1], 'number', string.format('%d', number), 'holder', ARGV[1], 'until', string.format('%d', now + amount))
return number
