-- Writes the settings of a store where they are still those that the caller has read, so that of two aggregators that
-- change them at once neither takes the other's change for its own. Running it again changes nothing.
--
-- KEYS  1 settings (string)
-- ARGV  1 the settings that were read (empty: there were none), 2 those to be written
-- Returns 1 where the settings are now those of ARGV 2, 0 where they are others: read again.

if #ARGV ~= 2 or ARGV[2] == '' then
  error({ err = 'SPARGUMENT swap-settings: the number of arguments is ' .. #ARGV })
end
local stored = redis.call('GET', KEYS[1]) or ''
if stored == ARGV[2] then return 1 end
if stored ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1
